import Testing

@testable import MartletWire

@Suite struct RejectionLogTests {
  /// Simulates a hundred seconds with a thousand rejected messages per second.
  @Test func aFloodMakesFewLinesAndEveryMessageCounts() {
    var log = RejectionLog()
    let start = ContinuousClock.now
    var lines: [LogThrottle.Line] = []
    for index in 0..<100_000 {
      if let line = log.note(WireError(.badSignature, "forged"), at: start + .milliseconds(index)) {
        lines.append(line)
      }
    }
    lines += log.flush().map(\.line)
    #expect(lines.count <= LogThrottle.burst + Int(Duration.seconds(100) / LogThrottle.interval) + 1)
    #expect(lines.reduce(0) { $0 + $1.suppressed } + lines.count - 1 == 100_000)
    #expect(lines.last?.count == 100_000)
    #expect(log.counts[.badSignature] == 100_000)
    #expect(log.counts.total == 100_000)
  }

  @Test func aFloodOfOneKindDoesNotHideAnother() {
    var log = RejectionLog()
    let now = ContinuousClock.now
    for _ in 0..<1000 { _ = log.note(WireError(.malformedFrames, ""), at: now) }
    #expect(log.note(WireError(.replayed, ""), at: now) == .init(count: 1, suppressed: 0))
    #expect(log.flush().map(\.kind) == [.malformedFrames])
    #expect(log.counts.total == 1001)
  }
}
