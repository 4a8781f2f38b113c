/// Reads a Python string literal without prefix, in single, double or triple quotes.
struct StringLiteral {
  private let text: [Character]
  /// The position after the literal once ``read()`` has returned.
  private(set) var position: Int

  init(_ text: [Character], at position: Int) {
    self.text = text
    self.position = position
  }

  /// The string, or `nil` when the literal is unterminated or has an invalid escape.
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
