import MartletWire

/// Why a text isn't a Python literal.
struct PythonLiteralError: Error, Hashable {
  let reason: String
}

/// Reads the literals of Python: numbers, strings, bytes, lists, tuples, dicts, `True`, `False` and `None`.
///
/// Nothing is evaluated: names, calls and operators are errors. Bytes become strings, tuples become arrays.
struct PythonLiteralParser {
  let text: [Unicode.Scalar]
  var position: Int
  private static let depthLimit = 32

  init(_ text: [Unicode.Scalar], at position: Int = 0) {
    self.text = text
    self.position = position
  }

  /// The value of a text that consists of one literal.
  static func parse(_ text: String) throws(PythonLiteralError) -> JSONValue {
    var parser = PythonLiteralParser(Array(text.unicodeScalars))
    parser.skipSpace(lines: true)
    let value = try parser.parseValue()
    parser.skipSpace(lines: true)
    guard parser.current == nil else { throw PythonLiteralError(reason: "something follows the value") }
    return value
  }

  /// The character at the position, `nil` at the end.
  var current: Unicode.Scalar? { peek(0) }

  func peek(_ offset: Int) -> Unicode.Scalar? {
    position + offset < text.count ? text[position + offset] : nil
  }

  /// Skips blanks and comments, and line ends too if they have no meaning, as inside brackets.
  mutating func skipSpace(lines: Bool) {
    while let next = current {
      switch next {
      case " ", "\t", "\u{0C}": position += 1
      case "\r", "\n":
        guard lines else { return }
        position += 1
      case "#":
        while current != nil, current != "\n" { position += 1 }
      case "\\" where peek(1) == "\n": position += 2
      case "\\" where peek(1) == "\r" && peek(2) == "\n": position += 3
      default: return
      }
    }
  }

  /// Reads the value at the position.
  mutating func parseValue(depth: Int = depthLimit) throws(PythonLiteralError) -> JSONValue {
    guard depth > 0 else { throw PythonLiteralError(reason: "nested too deeply") }
    guard let first = current else { throw PythonLiteralError(reason: "the value is missing") }
    switch first {
    case "[": return .array(try parseElements(until: "]", depth: depth).values)
    case "(":
      let (values, isTuple) = try parseElements(until: ")", depth: depth)
      // Parentheses without a comma only group.
      if !isTuple, values.count == 1, let value = values.first { return value }
      return .array(values)
    case "{": return try parseDict(depth: depth)
    case "'", "\"": return .string(try parseStrings())
    case "+", "-", ".", "0"..."9": return try parseNumber()
    default: break
    }
    if isStringPrefix { return .string(try parseStrings()) }
    switch word() {
    case "True": return .bool(true)
    case "False": return .bool(false)
    case "None": return .null
    case "": throw PythonLiteralError(reason: "'\(first)' begins no literal")
    case let name: throw PythonLiteralError(reason: "'\(name)' is a name, only literals are read")
    }
  }

  private mutating func word() -> String {
    var name = String.UnicodeScalarView()
    while let next = current, next == "_" || next.properties.isAlphabetic || ("0"..."9").contains(next) {
      name.append(next)
      position += 1
    }
    return String(name)
  }

  private mutating func parseElements(
    until end: Unicode.Scalar, depth: Int
  ) throws(PythonLiteralError) -> (values: [JSONValue], hasComma: Bool) {
    position += 1
    var values: [JSONValue] = []
    var hasComma = false
    while true {
      skipSpace(lines: true)
      if current == end { break }
      values.append(try parseValue(depth: depth - 1))
      if try separator(before: end) { hasComma = true } else { break }
    }
    position += 1
    return (values, hasComma || values.isEmpty)
  }

  private mutating func parseDict(depth: Int) throws(PythonLiteralError) -> JSONValue {
    position += 1
    var members: [String: JSONValue] = [:]
    while true {
      skipSpace(lines: true)
      if current == "}" { break }
      let key: String
      switch try parseValue(depth: depth - 1) {
      case .string(let text): key = text
      case .int(let number): key = "\(number)"
      default: throw PythonLiteralError(reason: "keys must be strings or whole numbers")
      }
      skipSpace(lines: true)
      guard current == ":" else { throw PythonLiteralError(reason: "a ':' is missing in a dict") }
      position += 1
      skipSpace(lines: true)
      members[key] = try parseValue(depth: depth - 1)
      guard try separator(before: "}") else { break }
    }
    position += 1
    return .object(members)
  }

  /// Skips a comma (true) or stays at the closing bracket (false).
  private mutating func separator(before end: Unicode.Scalar) throws(PythonLiteralError) -> Bool {
    skipSpace(lines: true)
    if current == end { return false }
    guard current == "," else { throw PythonLiteralError(reason: "a ',' or '\(end)' is missing") }
    position += 1
    return true
  }

  private mutating func parseNumber() throws(PythonLiteralError) -> JSONValue {
    var digits = ""
    if let sign = current, sign == "+" || sign == "-" {
      digits.unicodeScalars.append(sign)
      position += 1
    }
    guard let first = current, first == "." || ("0"..."9").contains(first) else {
      throw PythonLiteralError(reason: "a number is missing after the sign")
    }
    while let next = current {
      let follows = digits.unicodeScalars.last.map { $0 == "e" || $0 == "E" } ?? false
      let isHexadecimal = digits.contains("x") || digits.contains("X")
      let isExponentSign = (next == "+" || next == "-") && follows && !isHexadecimal
      guard next == "." || next == "_" || next.properties.isAlphabetic || ("0"..."9").contains(next) || isExponentSign
      else { break }
      if next != "_" { digits.unicodeScalars.append(next) }
      position += 1
    }
    let lower = digits.lowercased()
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where lower.hasPrefix(prefix) {
      guard let number = Int(lower.dropFirst(2), radix: radix) else { break }
      return .int(number)
    }
    if let number = Int(digits) { return .int(number) }
    let isDecimal = lower.unicodeScalars.allSatisfy { ("0"..."9").contains($0) || "+-.e".unicodeScalars.contains($0) }
    guard isDecimal, let number = Double(digits) else {
      throw PythonLiteralError(reason: "'\(digits)' is not a number")
    }
    return .double(number)
  }
}
