import Foundation

extension Timestamp: CustomStringConvertible {
  /// Reads an ISO 8601 date as message headers carry it: `2026-01-02T03:04:05`, then optionally a fraction (digits beyond
  /// the sixth are dropped), then optionally `Z` or an offset such as `+02:00` or `-0530`.
  ///
  /// Without a zone the time is local, as in ipyparallel's `ensure_timezone`.
  ///
  /// - Parameter text: The date in UTF-8.
  /// - Returns: nil if the text is anything else, a date that does not exist included.
  public init?(utf8 text: some Sequence<UInt8>) {
    var scanner = Scanner(rest: ArraySlice(Array(text)))
    guard let year = scanner.number(digits: 4), scanner.skip("-"),
      let month = scanner.number(digits: 2), (1...12).contains(month), scanner.skip("-"),
      let day = scanner.number(digits: 2), day >= 1, day <= Self.daysIn(month: month, of: year), scanner.skip("T"),
      let hour = scanner.number(digits: 2), hour < 24, scanner.skip(":"),
      let minute = scanner.number(digits: 2), minute < 60, scanner.skip(":"),
      let second = scanner.number(digits: 2), second < 60,
      let fraction = scanner.fraction()
    else { return nil }
    var seconds = Self.days(year: year, month: month, day: day) * 86400 + hour * 3600 + minute * 60 + second
    if scanner.rest.isEmpty {
      let asIfUTC = Date(timeIntervalSince1970: Double(seconds))
      seconds -= TimeZone.current.secondsFromGMT(for: asIfUTC)
    } else {
      guard let offset = scanner.zoneOffset(), scanner.rest.isEmpty else { return nil }
      seconds -= offset
    }
    self.init(microseconds: seconds * 1_000_000 + fraction)
  }

  /// Reads an ISO 8601 date held in a string, by the rules for bytes.
  public init?(_ string: String) { self.init(utf8: string.utf8) }

  /// The moment in ISO 8601 with microseconds in UTC, for instance `2026-01-02T03:04:05.678901Z`.
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
    let (year, month, day) = Self.civil(days: days)
    Self.append(year, digits: 4, then: "-", to: &utf8)
    Self.append(month, digits: 2, then: "-", to: &utf8)
    Self.append(day, digits: 2, then: "T", to: &utf8)
    Self.append(secondOfDay / 3600, digits: 2, then: ":", to: &utf8)
    Self.append(secondOfDay / 60 % 60, digits: 2, then: ":", to: &utf8)
    Self.append(secondOfDay % 60, digits: 2, then: ".", to: &utf8)
    Self.append(fraction, digits: 6, then: "Z", to: &utf8)
  }

  /// The same as ``text``.
  public var description: String { text }

  private static func append(_ number: Int, digits: Int, then end: Unicode.Scalar, to utf8: inout [UInt8]) {
    // Only a year can be negative or longer, in dates that no peer sends.
    guard number >= 0, number < 1_000_000 else { return utf8.append(contentsOf: "\(number)\(end)".utf8) }
    var divisor = 1
    for _ in 1..<digits { divisor *= 10 }
    while number / divisor > 9 { divisor *= 10 }
    while divisor > 0 {
      utf8.append(0x30 + UInt8(truncatingIfNeeded: number / divisor % 10))
      divisor /= 10
    }
    utf8.append(UInt8(ascii: end))
  }

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

  /// Days from 1970-01-01 to a Gregorian date. Years are counted from March, so that a leap day is the last of its year,
  /// in eras of 400 years, which all have 146,097 days.
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let (era, yearOfEra) = floorDivide(month > 2 ? year : year - 1, 400)
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The Gregorian date that many days after 1970-01-01: `days(year:month:day:)` the other way round.
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

/// Takes a date apart from the left.
private struct Scanner {
  var rest: ArraySlice<UInt8>

  mutating func skip(_ expected: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: expected) else { return false }
    rest.removeFirst()
    return true
  }

  mutating func digit() -> Int? {
    guard let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
    rest.removeFirst()
    return Int(byte - UInt8(ascii: "0"))
  }

  mutating func number(digits: Int) -> Int? {
    var number = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      number = number * 10 + digit
    }
    return number
  }

  /// Microseconds; 0 if there is no fraction, nil if a point stands without digits.
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
