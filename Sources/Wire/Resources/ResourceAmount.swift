/// How much of a resource there is, or is needed: a number of devices, of bytes, of licences.
///
/// ```swift
/// view.requires = ["gpu": 1, "memory": .gigabytes(8), "licence": 0.5]
/// ```
public struct ResourceAmount: Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
  /// Whole numbers add up without errors, so that what was taken is there again when it is given back.
  private(set) var thousandths: Int64

  /// The largest amount.
  public static let limit = ResourceAmount(thousandths: 1_000_000_000_000_000_000)
  /// Nothing.
  public static let zero = ResourceAmount(thousandths: 0)

  private init(thousandths: Int64) { self.thousandths = thousandths }

  /// An amount, rounded to thousandths; what is outside of 0 to 10^15 counts as the nearest, and NaN as 0.
  public init(_ value: Double) {
    let scaled = (value * 1000).rounded()
    thousandths = scaled.isNaN ? 0 : Int64(min(max(scaled, 0), Double(Self.limit.thousandths)))
  }

  /// A whole number, at most ``limit``.
  public init(integerLiteral value: Int64) {
    thousandths = min(max(value, 0), Self.limit.thousandths / 1000) * 1000
  }

  /// An amount, see ``init(_:)-(Double)``.
  public init(floatLiteral value: Double) { self.init(value) }

  /// So many million bytes.
  public static func megabytes(_ count: Double) -> ResourceAmount { ResourceAmount(count * 1e6) }

  /// So many thousand million bytes.
  public static func gigabytes(_ count: Double) -> ResourceAmount { ResourceAmount(count * 1e9) }

  /// So many times 2^30 bytes.
  public static func gibibytes(_ count: Double) -> ResourceAmount { ResourceAmount(count * 1_073_741_824) }

  /// The amount as a number.
  public var value: Double { Double(thousandths) / 1000 }

  public static func < (left: ResourceAmount, right: ResourceAmount) -> Bool { left.thousandths < right.thousandths }

  /// The sum, at most ``limit``.
  public static func + (left: ResourceAmount, right: ResourceAmount) -> ResourceAmount {
    ResourceAmount(thousandths: min(left.thousandths + right.thousandths, limit.thousandths))
  }

  /// What is left, at least zero.
  public static func - (left: ResourceAmount, right: ResourceAmount) -> ResourceAmount {
    ResourceAmount(thousandths: max(left.thousandths - right.thousandths, 0))
  }
}

extension ResourceAmount: CustomStringConvertible {
  /// As ``init(_:)-(Substring)`` reads it, without a unit: `2`, `0.5`.
  public var description: String {
    thousandths % 1000 == 0 ? "\(thousandths / 1000)" : "\(value)"
  }

  /// Reads a number, perhaps with one of the units kB, MB, GB, TB, KiB, MiB, GiB and TiB; `nil` for anything else, and for
  /// what is negative or beyond ``limit``.
  public init?(_ text: Substring) {
    let unit = text.drop { !$0.isLetter || $0 == "e" || $0 == "E" }
    let factor: Double
    switch unit {
    case "": factor = 1
    case "kB": factor = 1e3
    case "MB": factor = 1e6
    case "GB": factor = 1e9
    case "TB": factor = 1e12
    case "KiB": factor = 1024
    case "MiB": factor = 1_048_576
    case "GiB": factor = 1_073_741_824
    case "TiB": factor = 1_099_511_627_776
    default: return nil
    }
    guard let number = Double(text.dropLast(unit.count)), Self.isAllowed(number * factor) else { return nil }
    self.init(number * factor)
  }

  /// Reads a number of a message; `nil` if it is none, negative or beyond ``limit``.
  package init?(json: JSONValue) {
    let number: Double
    switch json {
    case .int(let count): number = Double(count)
    case .double(let double): number = double
    default: return nil
    }
    guard Self.isAllowed(number) else { return nil }
    self.init(number)
  }

  package var json: JSONValue { thousandths % 1000 == 0 ? .int(Int(thousandths / 1000)) : .double(value) }

  private static func isAllowed(_ number: Double) -> Bool { number >= 0 && number <= limit.value }
}
