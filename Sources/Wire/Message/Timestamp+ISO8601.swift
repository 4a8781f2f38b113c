import Foundation

extension Timestamp: CustomStringConvertible {
  /// Reads an ISO 8601 date as in message headers: `2026-01-02T03:04:05`, an optional fraction (digits after the sixth are
  /// dropped), and optionally `Z` or an offset such as `+02:00` or `-0530`.
  ///
  /// Without a zone the time is local, as in ipyparallel's `ensure_timezone`. The result is `nil` if the text is anything
  /// else or the date does not exist.
  public init?(utf8 text: some Sequence<UInt8>) { self.init(Array(text).span) }

  /// Reads an ISO 8601 date in a span, by the same rules.
  public init?(_ utf8: Span<UInt8>) {
    var scanner = Scanner(utf8)
    guard let year = scanner.number(digits: 4), scanner.skip("-"),
      let month = scanner.number(digits: 2), (1...12).contains(month), scanner.skip("-"),
      let day = scanner.number(digits: 2), day >= 1, day <= Self.daysIn(month: month, of: year), scanner.skip("T"),
      let hour = scanner.number(digits: 2), hour < 24, scanner.skip(":"),
      let minute = scanner.number(digits: 2), minute < 60, scanner.skip(":"),
      let second = scanner.number(digits: 2), second < 60,
      let fraction = scanner.fraction()
    else { return nil }
    var seconds = Self.days(year: year, month: month, day: day) * 86400 + hour * 3600 + minute * 60 + second
    if scanner.isAtEnd {
      let asIfUTC = Date(timeIntervalSince1970: Double(seconds))
      seconds -= TimeZone.current.secondsFromGMT(for: asIfUTC)
    } else {
      guard let offset = scanner.zoneOffset(), scanner.isAtEnd else { return nil }
      seconds -= offset
    }
    self.init(microseconds: seconds * 1_000_000 + fraction)
  }

  /// Reads an ISO 8601 date in a string, by the same rules.
  public init?(_ string: String) { self.init(utf8: string.utf8) }

  /// The date in ISO 8601, in UTC with microseconds, for example `2026-01-02T03:04:05.678901Z`.
  public var text: String {
    var utf8: [UInt8] = []
    utf8.reserveCapacity(27)
    append(to: &utf8)
    return String(decoding: utf8, as: UTF8.self)
  }

  /// Appends ``text`` as UTF-8.
  public func append(to utf8: inout [UInt8]) {
    let (seconds, fraction) = Self.floorDivide(microseconds, 1_000_000)
    let (days, secondOfDay) = Self.floorDivide(seconds, 86400)
    var (year, month, day) = Self.civil(days: days)
    if !(0..<10_000).contains(year) {
      // No peer sends such a date.
      utf8.append(contentsOf: "\(year / 10_000)".utf8)
      year = abs(year % 10_000)
    }
    let start = utf8.count
    utf8.append(contentsOf: Self.template)
    var text = utf8.mutableSpan
    Self.write(year / 100, at: start + 0, in: &text)
    Self.write(year % 100, at: start + 2, in: &text)
    Self.write(month, at: start + 5, in: &text)
    Self.write(day, at: start + 8, in: &text)
    Self.write(secondOfDay / 3600, at: start + 11, in: &text)
    Self.write(secondOfDay / 60 % 60, at: start + 14, in: &text)
    Self.write(secondOfDay % 60, at: start + 17, in: &text)
    Self.write(fraction / 10_000, at: start + 20, in: &text)
    Self.write(fraction / 100 % 100, at: start + 22, in: &text)
    Self.write(fraction % 100, at: start + 24, in: &text)
  }

  /// Writes two digits.
  private static func write(_ number: Int, at index: Int, in text: inout MutableSpan<UInt8>) {
    let (tens, ones) = UInt8(truncatingIfNeeded: number).quotientAndRemainder(dividingBy: 10)
    text[index] = 0x30 + tens
    text[index + 1] = 0x30 + ones
  }

  private static let template = Array("0000-00-00T00:00:00.000000Z".utf8)

  /// The same as ``text``.
  public var description: String { text }

  private static func floorDivide(_ value: Int, _ divisor: Int) -> (quotient: Int, remainder: Int) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  private static func daysIn(month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days from 1970-01-01 to a Gregorian date. Years start in March, so a leap day is the last day of its year, and are
  /// grouped into eras of 400 years, each of which has 146,097 days.
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let (era, yearOfEra) = floorDivide(month > 2 ? year : year - 1, 400)
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The Gregorian date that many days after 1970-01-01, the inverse of `days(year:month:day:)`.
  private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
    let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }
}

/// Reads the parts of a date from left to right.
private struct Scanner: ~Escapable {
  private let text: Span<UInt8>
  private var position = 0

  @_lifetime(copy text)
  init(_ text: Span<UInt8>) { self.text = text }

  var isAtEnd: Bool { position == text.count }

  mutating func skip(_ expected: Unicode.Scalar) -> Bool {
    guard position < text.count, text[position] == UInt8(ascii: expected) else { return false }
    position += 1
    return true
  }

  mutating func digit() -> Int? {
    guard position < text.count, case let digit = text[position] &- UInt8(ascii: "0"), digit < 10 else { return nil }
    position += 1
    return Int(digit)
  }

  mutating func number(digits: Int) -> Int? {
    var number = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      number = number * 10 + digit
    }
    return number
  }

  /// Microseconds; 0 if there is no fraction, `nil` if a point has no digits after it.
  mutating func fraction() -> Int? {
    guard skip(".") else { return 0 }
    var microseconds = 0
    var count = 0
    while let digit = digit() {
      if count < 6 { microseconds = microseconds * 10 + digit }
      count += 1
    }
    guard count > 0 else { return nil }
    for _ in min(count, 6)..<6 { microseconds *= 10 }
    return microseconds
  }

  /// Seconds east of UTC.
  mutating func zoneOffset() -> Int? {
    if skip("Z") { return 0 }
    let sign = skip("+") ? 1 : -1
    guard sign == 1 || skip("-"), let hours = number(digits: 2), hours < 24 else { return nil }
    _ = skip(":")
    guard let minutes = number(digits: 2), minutes < 60 else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }
}
