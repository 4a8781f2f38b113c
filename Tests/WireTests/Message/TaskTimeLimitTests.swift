import MartletWire
import MartletZeroMQ
import Testing

@Suite struct TaskTimeLimitTests {
  private func duration(_ json: String) throws -> Duration? {
    try Bytes(json).withSpan { span throws(WireError) in
      try TaskTimeLimit.duration(span, at: 0..<span.count, "limit")
    }
  }

  private func date(_ json: String) throws -> Timestamp? {
    try Bytes(json).withSpan { span throws(WireError) in try TaskTimeLimit.date(span, at: 0..<span.count, "limit") }
  }

  @Test func durations() throws {
    #expect(try duration("null") == nil)
    #expect(try duration("0") == nil)
    #expect(try duration("1") == .seconds(1))
    #expect(try duration("0.5") == .milliseconds(500))
    #expect(try duration("1e99") == .seconds(1e9))
  }

  @Test func dates() throws {
    #expect(try date("null") == nil)
    #expect(try date("\"1970-01-01T00:00:01.000000Z\"") == Timestamp(microseconds: 1_000_000))
    #expect(try date("\"1970-01-01T01:00:01+01:00\"") == Timestamp(microseconds: 1_000_000))
  }

  @Test(arguments: ["-1", "true", "\"5\"", "[]", "{}"]) func otherDurationsAreRefused(json: String) {
    let error = #expect(throws: WireError.self) { try duration(json) }
    #expect(error?.reason.contains("metadata limit is not a number of seconds") == true)
  }

  @Test(arguments: ["-1", "true", "\"soon\"", "[]", "{}"]) func otherDatesAreRefused(json: String) {
    let error = #expect(throws: WireError.self) { try date(json) }
    #expect(error?.reason.contains("metadata limit is not a date") == true)
  }

  @Test func distancesAreBounded() {
    let now = Timestamp(microseconds: 5_000_000)
    #expect(TaskTimeLimit.distance(from: now, to: now.advanced(by: .seconds(2))) == .seconds(2))
    #expect(TaskTimeLimit.distance(from: now, to: Timestamp(microseconds: 0)) == .seconds(-5))
    #expect(TaskTimeLimit.distance(from: now, to: Timestamp(microseconds: .max)) == .seconds(1e9))
  }
}
