import Testing

@testable import MartletWire

@Suite struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01T00:00:00.000001+00:00", 1),
    ("1969-12-31T23:59:59.999999Z", -1),
    ("2000-02-29T12:00:00Z", 951_825_600_000_000),
    ("2026-01-02T03:04:05.678901Z", 1_767_323_045_678_901),
    ("2026-01-02T03:04:05.6Z", 1_767_323_045_600_000),
    ("2026-01-02T03:04:05.678901999Z", 1_767_323_045_678_901),
    ("2026-01-02T05:34:05+02:30", 1_767_323_045_000_000),
    ("2026-01-01T22:04:05-0500", 1_767_323_045_000_000),
    ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
    ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
  ])
  func reading(text: String, microseconds: Int) {
    #expect(Timestamp(text)?.microseconds == microseconds)
  }

  @Test(arguments: [
    "", "2026", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-01-00T00:00:00Z",
    "2026-01-02T24:00:00Z", "2026-01-02T00:60:00Z", "2026-01-02T00:00:60Z", "2026-01-02 00:00:00Z",
    "2026-01-02T00:00:00.Z", "2026-01-02T00:00:00Zx", "2026-01-02T00:00:00+", "2026-01-02T00:00:00+01:0",
    "2026-01-02T00:00:00+24:00", "2026-1-2T00:00:00Z", "+026-01-02T00:00:00Z",
  ])
  func rejections(text: String) { #expect(Timestamp(text) == nil) }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
    (1_767_323_045_678_901, "2026-01-02T03:04:05.678901Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
    (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"),
  ])
  func writing(microseconds: Int, text: String) {
    #expect(Timestamp(microseconds: microseconds).text == text)
  }

  @Test func everyDayOfFourCenturiesSurvives() {
    for day in stride(from: -100_000, to: 100_000, by: 7) {
      let date = Timestamp(microseconds: day * 86_400_000_000 + 123)
      #expect(Timestamp(date.text) == date)
    }
  }

  @Test func laterAndEarlierMoments() {
    let time = Timestamp(microseconds: 1_000_000)
    #expect(time.advanced(by: .milliseconds(1500)) == Timestamp(microseconds: 2_500_000))
    #expect(time.advanced(by: .seconds(-2)) == Timestamp(microseconds: -1_000_000))
    #expect(time.advanced(by: .nanoseconds(999)) == time)
  }

  @Test func extremesDoNotTrap() {
    for extreme in [Int.min, .max] {
      for duration in [Duration.seconds(Int64.min), .seconds(Int64.max)] {
        _ = Timestamp(microseconds: extreme).advanced(by: duration)
        _ = TaskTimeLimit.distance(from: Timestamp(microseconds: extreme), to: Timestamp.now.advanced(by: duration))
      }
    }
    #expect(Timestamp(microseconds: .max).advanced(by: .seconds(1)) == Timestamp(microseconds: .max))
    #expect(!Timestamp(microseconds: .min).text.isEmpty)
    #expect(!Timestamp(microseconds: .max).text.isEmpty)
  }
}
