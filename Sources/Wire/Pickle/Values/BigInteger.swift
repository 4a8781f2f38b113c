/// An integer of any size, in little-endian two's complement as in a pickle.
public struct BigInteger: Sendable, Hashable, CustomStringConvertible {
  /// The shortest little-endian two's complement; empty for zero.
  public let bytes: [UInt8]

  /// A number from little-endian two's complement bytes; redundant sign bytes are dropped.
  public init(twosComplement bytes: [UInt8]) {
    var count = bytes.count
    while count > 0 {
      let top = bytes[count - 1]
      let nextIsNegative = count > 1 && bytes[count - 2] >= 0x80
      guard (top == 0 && !nextIsNegative) || (top == 0xFF && nextIsNegative) else { break }
      count -= 1
    }
    self.bytes = count == bytes.count ? bytes : Array(bytes[..<count])
  }

  /// A number from an unsigned one.
  public init(_ value: UInt64) {
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    bytes.append(0)
    self.init(twosComplement: bytes)
  }

  /// A number of any width.
  init<I: FixedWidthInteger>(exactly value: I) {
    var bytes = (0..<I.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    if !I.isSigned { bytes.append(0) }
    self.init(twosComplement: bytes)
  }

  /// How many decimal digits are read and written: Python's `sys.int_info.default_max_str_digits`. The time that takes
  /// grows with the square of their number.
  private static let digitLimit = 4_300
  /// How many bytes of magnitude such a number has at most.
  private static let digitLimitBytes = 1_786

  /// Reads a decimal number with an optional sign; `nil` if the text isn't one or has more than 4,300 digits, Python's
  /// limit.
  public init?(decimal text: some StringProtocol) {
    var digits = text.utf8[...]
    let negative = digits.first == UInt8(ascii: "-")
    if negative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
    guard !digits.isEmpty, digits.count <= Self.digitLimit else { return nil }
    var magnitude: [UInt8] = []
    for digit in digits {
      guard digit >= 0x30, digit <= 0x39 else { return nil }
      var carry = Int(digit) - 0x30
      for index in magnitude.indices {
        carry += Int(magnitude[index]) * 10
        magnitude[index] = UInt8(truncatingIfNeeded: carry)
        carry >>= 8
      }
      if carry > 0 { magnitude.append(UInt8(truncatingIfNeeded: carry)) }
    }
    magnitude.append(0)
    self.init(twosComplement: negative ? Self.negated(magnitude) : magnitude)
  }

  /// Whether the number is below zero.
  public var isNegative: Bool { (bytes.last ?? 0) >= 0x80 }

  /// The number if it fits; `nil` otherwise.
  public var int: Int? {
    guard bytes.count <= 8 else { return nil }
    var pattern: UInt64 = isNegative ? .max : 0
    for byte in bytes.reversed() { pattern = pattern << 8 | UInt64(byte) }
    return Int(Int64(bitPattern: pattern))
  }

  /// The number if it is not negative and fits; `nil` otherwise.
  public var uint64: UInt64? {
    guard !isNegative, bytes.count <= 9 else { return nil }
    return bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The number if the type has it; `nil` otherwise.
  func exactly<I: FixedWidthInteger>() -> I? {
    guard bytes.count <= I.bitWidth / 8 + (I.isSigned ? 0 : 1), I.isSigned || !isNegative else { return nil }
    return bytes.prefix(I.bitWidth / 8).reversed().reduce(isNegative ? ~0 : 0) { $0 << 8 | I(truncatingIfNeeded: $1) }
  }

  /// The number in decimal, or in hexadecimal with the prefix `0x` if it has more than 4,300 digits: those Python refuses
  /// to write, because the time grows with the square of their number.
  public var description: String {
    let bytes = isNegative ? Self.negated(self.bytes + [0xFF]) : self.bytes
    let magnitude = bytes[..<(bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0)]
    let sign = isNegative ? "-" : ""
    if magnitude.count <= Self.digitLimitBytes {
      let digits = Self.decimal(magnitude)
      if digits.utf8.count <= Self.digitLimit { return sign + digits }
    }
    return "\(sign)0x\(Self.hexadecimal(magnitude))"
  }

  private static func decimal(_ magnitude: ArraySlice<UInt8>) -> String {
    var limbs: [UInt64] = stride(from: 0, to: magnitude.count, by: 8).map { start in
      magnitude[start..<min(start + 8, magnitude.count)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let chunk: UInt64 = 1_000_000_000_000_000_000
    var parts: [String] = []
    while let top = limbs.last {
      if top == 0 {
        limbs.removeLast()
        continue
      }
      var remainder: UInt64 = 0
      for index in limbs.indices.reversed() {
        (limbs[index], remainder) = chunk.dividingFullWidth((remainder, limbs[index]))
      }
      parts.append(String(remainder))
    }
    guard let first = parts.popLast() else { return "0" }
    let rest = parts.reversed().map { String(repeating: "0", count: 18 - $0.utf8.count) + $0 }
    return first + rest.joined()
  }

  private static func hexadecimal(_ magnitude: ArraySlice<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * magnitude.count)
    for byte in magnitude.reversed() {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text.drop { $0 == digits[0] }, as: UTF8.self)
  }

  private static func negated(_ bytes: [UInt8]) -> [UInt8] {
    var carry = true
    return bytes.map { byte in
      let (value, overflow) = (~byte).addingReportingOverflow(carry ? 1 : 0)
      carry = overflow
      return value
    }
  }
}
