#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An instant of the wall clock with microseconds, as headers and metadata carry it.
public struct Timestamp: Sendable, Hashable, Comparable {
  /// Microseconds since 1970-01-01T00:00:00Z.
  public let microseconds: Int64

  /// An instant by its microseconds since 1970.
  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// Now.
  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

  /// Seconds between two instants.
  public func seconds(since earlier: Timestamp) -> Double { Double(microseconds - earlier.microseconds) / 1e6 }

  /// ISO 8601 in UTC with microseconds, for example `2026-01-02T03:04:05.678901Z`.
  public var text: String {
    var output: [UInt8] = []
    append(to: &output)
    return String(decoding: output, as: UTF8.self)
  }

  /// Appends ``text`` as UTF-8.
  public func append(to output: inout [UInt8]) {
    let (day, inDay) = microseconds.quotientAndRemainder(dividingBy: 86_400_000_000)
    let days = inDay < 0 ? day - 1 : day
    let rest = inDay < 0 ? inDay + 86_400_000_000 : inDay
    let date = Self.civil(fromDays: days)
    let seconds = rest / 1_000_000
    Self.append(date.year, digits: 4, to: &output)
    output.append(0x2D)
    Self.append(date.month, digits: 2, to: &output)
    output.append(0x2D)
    Self.append(date.day, digits: 2, to: &output)
    output.append(0x54)
    Self.append(seconds / 3600, digits: 2, to: &output)
    output.append(0x3A)
    Self.append(seconds / 60 % 60, digits: 2, to: &output)
    output.append(0x3A)
    Self.append(seconds % 60, digits: 2, to: &output)
    output.append(0x2E)
    Self.append(rest % 1_000_000, digits: 6, to: &output)
    output.append(0x5A)
  }

  /// Reads ISO 8601 with date, time, optional fraction and optional zone (`Z`, `+hh:mm`, `+hhmm`); no zone is UTC.
  ///
  /// - Returns: `nil` when the text is no such date.
  public init?(_ text: String) {
    var numbers = NumberReader(text.utf8)
    guard let year = numbers.digits(4), numbers.skip("-"), let month = numbers.digits(2), numbers.skip("-"),
      let day = numbers.digits(2), numbers.skip("T") || numbers.skip(" "), let hour = numbers.digits(2),
      numbers.skip(":"), let minute = numbers.digits(2), numbers.skip(":"), let second = numbers.digits(2),
      (1...12).contains(month), (1...31).contains(day), hour < 25, minute < 60, second < 61
    else { return nil }
    let fraction = numbers.skip(".") ? numbers.fraction() : 0
    var offset: Int64 = 0
    if numbers.skip("+") || numbers.isAt("-") {
      let sign: Int64 = numbers.skip("-") ? -1 : 1
      guard let hours = numbers.digits(2) else { return nil }
      _ = numbers.skip(":")
      offset = sign * (hours * 3600 + (numbers.digits(2) ?? 0) * 60)
    } else {
      _ = numbers.skip("Z")
    }
    guard numbers.isAtEnd else { return nil }
    let days = Self.days(year: year, month: month, day: day)
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    microseconds = seconds * 1_000_000 + fraction
  }

  private static func append(_ value: Int64, digits: Int, to output: inout [UInt8]) {
    var divisor: Int64 = 1
    for _ in 1..<digits { divisor *= 10 }
    while divisor > 0 {
      output.append(0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  // Days and dates of the proleptic Gregorian calendar, counted in 400-year eras that begin in March.

  private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

/// Reads fixed-width numbers out of a date.
private struct NumberReader {
  private var rest: Substring.UTF8View

  init(_ text: String.UTF8View) { rest = text[...] }

  var isAtEnd: Bool { rest.isEmpty }

  func isAt(_ character: Unicode.Scalar) -> Bool { rest.first == UInt8(ascii: character) }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard isAt(character) else { return false }
    rest.removeFirst()
    return true
  }

  mutating func digits(_ count: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<count {
      guard let byte = rest.first, (0x30...0x39).contains(byte) else { return nil }
      value = value * 10 + Int64(byte - 0x30)
      rest.removeFirst()
    }
    return value
  }

  /// Digits behind the point as microseconds; more than six are cut off.
  mutating func fraction() -> Int64 {
    var value: Int64 = 0
    var scale: Int64 = 100_000
    while let byte = rest.first, (0x30...0x39).contains(byte) {
      value += Int64(byte - 0x30) * scale
      scale /= 10
      rest.removeFirst()
    }
    return value
  }
}
