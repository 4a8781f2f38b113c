import MartletWire

/// Python's number literals.
enum NumberLiteral {
  /// The number, or `nil` when the text isn't one.
  static func value(_ text: String) -> PickleValue? {
    let isNegative = text.hasPrefix("-")
    let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    guard let first = unsigned.first, first.isNumber || first == ".", !unsigned.hasSuffix("_") else { return nil }
    let digits = unsigned.filter { $0 != "_" }.lowercased()
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
      return Int((isNegative ? "-" : "") + digits.dropFirst(2), radix: radix).map { .int($0) }
    }
    let signed = isNegative ? "-\(digits)" : digits
    if let integer = Int(signed) { return .int(integer) }
    if digits.allSatisfy(\.isNumber) {
      return BigInteger(decimal: signed).map { .bigInt($0) }
    }
    // Unlike Python, Swift requires a digit before and after the point.
    guard digits.allSatisfy({ $0.isNumber || ".e+-".contains($0) }) else { return nil }
    let padded = digits.hasPrefix(".") ? "0\(digits)" : digits.replacing(".e", with: ".0e")
    return Double(padded.hasSuffix(".") ? "\(padded)0" : padded).map { .float(isNegative ? -$0 : $0) }
  }
}
