import MartletWire

/// Python's number literals.
enum NumberLiteral {
  /// The number, or nil when the text is none.
  static func value(_ text: String) -> PickleValue? {
    let isNegative = text.hasPrefix("-")
    let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    guard let first = unsigned.first, first.isNumber || first == ".", !unsigned.hasSuffix("_") else { return nil }
    let digits = unsigned.filter { $0 != "_" }.lowercased()
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
      return Int(digits.dropFirst(2), radix: radix).map { .int(isNegative ? -$0 : $0) }
    }
    let signed = isNegative ? "-\(digits)" : digits
    if let integer = Int(signed) { return .int(integer) }
    if digits.allSatisfy(\.isNumber) {
      return digits.utf8.count <= 4300 ? BigInteger(decimal: signed).map { .bigInt($0) } : nil
    }
    // Swift reads words such as "1nan" no more than Python does, but wants a digit before and after the point.
    guard digits.allSatisfy({ $0.isNumber || ".e+-".contains($0) }) else { return nil }
    let padded = digits.hasPrefix(".") ? "0\(digits)" : digits.replacing(".e", with: ".0e")
    return Double(padded.hasSuffix(".") ? "\(padded)0" : padded).map { .float(isNegative ? -$0 : $0) }
  }
}

/// Reads one string literal without prefix, in single, double or triple quotes.
struct StringLiteral {
  private let text: [Character]
  /// Behind the literal after ``read()``.
  private(set) var position: Int

  init(_ text: [Character], at position: Int) {
    self.text = text
    self.position = position
  }

  /// The string, or nil when the literal does not end or has an escape that is none.
  mutating func read() -> String? {
    guard let quote = take() else { return nil }
    var length = 1
    if peek(0) == quote, peek(1) == quote {
      length = 3
      position += 2
    } else if peek(0) == quote {
      position += 1
      return ""
    }
    var result = ""
    while let next = take() {
      if next == quote {
        if length == 1 { return result }
        if peek(0) == quote, peek(1) == quote {
          position += 2
          return result
        }
        result.append(next)
      } else if next == "\\" {
        guard let escaped = escape() else { return nil }
        result += escaped
      } else if next.isNewline, length == 1 {
        return nil
      } else {
        result.append(next)
      }
    }
    return nil
  }

  private mutating func escape() -> String? {
    guard let next = take() else { return nil }
    switch next {
    case "n": return "\n"
    case "t": return "\t"
    case "r": return "\r"
    case "a": return "\u{07}"
    case "b": return "\u{08}"
    case "f": return "\u{0C}"
    case "v": return "\u{0B}"
    case "\\", "'", "\"": return String(next)
    case "x": return scalar(digits: 2)
    case "u": return scalar(digits: 4)
    case "U": return scalar(digits: 8)
    case "0": return "\0"
    default: return next.isNewline ? "" : "\\\(next)"
    }
  }

  private mutating func scalar(digits: Int) -> String? {
    guard position + digits <= text.count else { return nil }
    let hex = String(text[position..<(position + digits)])
    guard hex.allSatisfy(\.isHexDigit), let value = UInt32(hex, radix: 16), let scalar = Unicode.Scalar(value) else {
      return nil
    }
    position += digits
    return String(scalar)
  }

  private func peek(_ offset: Int) -> Character? {
    position + offset < text.count ? text[position + offset] : nil
  }

  private mutating func take() -> Character? {
    guard let next = peek(0) else { return nil }
    position += 1
    return next
  }
}
