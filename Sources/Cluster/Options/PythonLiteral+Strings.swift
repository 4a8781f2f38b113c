extension PythonLiteralParser {
  /// Whether a string with a prefix such as `b'` or `rb"` starts here; f-strings are not literals.
  var isStringPrefix: Bool {
    for length in 1...2 {
      guard let letter = peek(length - 1), "bBrRuU".unicodeScalars.contains(letter) else { return false }
      if peek(length) == "'" || peek(length) == "\"" { return true }
    }
    return false
  }

  /// Reads a string and any strings that follow it directly, which Python joins.
  mutating func parseStrings() throws(PythonLiteralError) -> String {
    var value = String.UnicodeScalarView()
    repeat {
      try parseString(into: &value)
      skipSpace(lines: false)
    } while current == "'" || current == "\"" || isStringPrefix
    return String(value)
  }

  private mutating func parseString(into value: inout String.UnicodeScalarView) throws(PythonLiteralError) {
    var isRaw = false
    while let letter = current, letter != "'", letter != "\"" {
      if letter == "r" || letter == "R" { isRaw = true }
      position += 1
    }
    guard let quote = current else { throw PythonLiteralError(reason: "a string is not closed") }
    let isLong = peek(1) == quote && peek(2) == quote
    position += isLong ? 3 : 1
    while let next = current {
      if next == quote, !isLong || (peek(1) == quote && peek(2) == quote) {
        position += isLong ? 3 : 1
        return
      }
      if next == "\n" && !isLong { break }
      if next == "\\" {
        try parseEscape(isRaw: isRaw, into: &value)
      } else {
        value.append(next)
        position += 1
      }
    }
    throw PythonLiteralError(reason: "a string is not closed")
  }

  private mutating func parseEscape(
    isRaw: Bool, into value: inout String.UnicodeScalarView
  ) throws(PythonLiteralError) {
    guard let next = peek(1) else { throw PythonLiteralError(reason: "a string is not closed") }
    position += 2
    guard !isRaw else {
      value.append("\\")
      value.append(next)
      return
    }
    switch next {
    case "\n": break
    case "n": value.append("\n")
    case "t": value.append("\t")
    case "r": value.append("\r")
    case "0": value.append("\0")
    case "\\", "'", "\"": value.append(next)
    case "x": value.append(try hexadecimal(2))
    case "u": value.append(try hexadecimal(4))
    case "U": value.append(try hexadecimal(8))
    default:
      // Python keeps the backslash of an unknown escape.
      value.append("\\")
      value.append(next)
    }
  }

  private mutating func hexadecimal(_ count: Int) throws(PythonLiteralError) -> Unicode.Scalar {
    guard position + count <= text.count else { throw PythonLiteralError(reason: "an escape is cut short") }
    var digits = String.UnicodeScalarView()
    digits.append(contentsOf: text[position..<(position + count)])
    guard let code = UInt32(String(digits), radix: 16), let scalar = Unicode.Scalar(code) else {
      throw PythonLiteralError(reason: "an escape is not a character")
    }
    position += count
    return scalar
  }
}
