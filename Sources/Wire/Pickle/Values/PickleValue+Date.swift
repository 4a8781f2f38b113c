import Foundation
import MartletZeroMQ

extension PickleValue {
  /// A `datetime.datetime` in UTC with whole microseconds.
  public static func datetime(_ date: Date) -> PickleValue {
    let total = (date.timeIntervalSince1970 * 1_000_000).rounded()
    // Python's years are 1 to 9999.
    let micros = total.isNaN ? 0 : Int(min(max(total, -62_135_596_800_000_000), 253_402_300_799_000_000))
    let (days, time) = micros.quotientAndFloor(86_400_000_000)
    // Converts days to a civil date, in 400-year eras of 146,097 days that begin on 1 March.
    let (era, dayOfEra) = (days + 719_468).quotientAndFloor(146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let seconds = time / 1_000_000
    let fraction = time % 1_000_000
    let fields = [
      year >> 8, year & 255, month, dayOfYear - (153 * shifted + 2) / 5 + 1, seconds / 3_600, seconds / 60 % 60,
      seconds % 60, fraction >> 16, fraction >> 8 & 255, fraction & 255,
    ]
    let zero = PickleRecord(module: "datetime", name: "timedelta", args: [0, 0, 0])
    let utc = PickleRecord(module: "datetime", name: "timezone", args: [.record(zero)])
    let bytes = Bytes(fields.map { UInt8(truncatingIfNeeded: $0) })
    return .record(PickleRecord(module: "datetime", name: "datetime", args: [.bytes(bytes), .record(utc)]))
  }

  /// A date, exactly. Python reads it as a `datetime` in UTC, rounded to microseconds where it is more precise, and as a dict
  /// with the seconds since 2001 where Python's calendar, of the years 1 to 9999, does not have it.
  static func exactly(_ date: Date) -> PickleValue {
    let rounded = datetime(date)
    if rounded.date == date { return rounded }
    let seconds = date.timeIntervalSinceReferenceDate
    guard seconds >= -63_113_904_000, seconds < 252_423_993_600 else { return [.string(referenceKey): .float(seconds)] }
    let delta = PickleRecord(module: "datetime", name: "timedelta", args: [0, .float(seconds)])
    return .record(PickleRecord(module: "operator", name: "add", args: [referenceDate, .record(delta)]))
  }

  /// Midnight UTC on 1 January 2001, from which Swift counts.
  private static let referenceDate = datetime(Date(timeIntervalSinceReferenceDate: 0))
  private static let referenceKey = "secondsSinceReferenceDate"

  /// The date of a `datetime.datetime` in UTC or another fixed zone; one without a zone counts as UTC. `nil` for everything
  /// else except dates that Swift has sent.
  public var date: Date? {
    switch self {
    case .record(let record) where record.module == "datetime": datetime
    case .record(let record) where record.module == "operator" && record.name == "add": sum(record.args)
    case .dict(let dict) where dict.count == 1:
      if case .float(let seconds)? = dict[Self.referenceKey] {
        Date(timeIntervalSinceReferenceDate: seconds)
      } else {
        nil
      }
    default: nil
    }
  }

  /// A number of seconds after ``referenceDate``.
  private func sum(_ terms: [PickleValue]) -> Date? {
    guard terms.count == 2, terms[0] == Self.referenceDate, case .record(let delta) = terms[1],
      delta.module == "datetime", delta.name == "timedelta", delta.args.count == 2, delta.args[0] == 0,
      case .float(let seconds) = delta.args[1]
    else { return nil }
    return Date(timeIntervalSinceReferenceDate: seconds)
  }

  private var datetime: Date? {
    guard case .record(let record) = self, record.name == "datetime",
      let field = record.args.first?.bytesValue?.array.map(Int.init), field.count == 10
    else { return nil }
    var offset = 0.0
    if record.args.count > 1 {
      guard case .record(let zone) = record.args[1], zone.name == "timezone",
        case .record(let delta)? = zone.args.first,
        delta.name == "timedelta", delta.args.count == 3
      else { return nil }
      let parts = delta.args.compactMap(\.doubleValue)
      guard parts.count == 3 else { return nil }
      offset = parts[0] * 86_400 + parts[1] + parts[2] / 1_000_000
    }
    // The top bit of the month is Python's `fold`.
    let month = field[2] & 127
    let year = (field[0] << 8 | field[1]) - (month <= 2 ? 1 : 0)
    let yearOfEra = year % 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + field[3] - 1
    let days = year / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    let micros = field[7] << 16 | field[8] << 8 | field[9]
    let seconds = days * 86_400 + field[4] * 3_600 + field[5] * 60 + field[6]
    // Rounded once: a time that was read from a decimal number with microseconds is that number again.
    return Date(timeIntervalSince1970: Double(seconds * 1_000_000 + micros) / 1_000_000 - offset)
  }
}

extension Int {
  /// The quotient, rounded down, and the remainder, which is never negative, for a positive divisor.
  fileprivate func quotientAndFloor(_ divisor: Int) -> (Int, Int) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
