import MartletWire

/// Parses the code of an `execute_request`. Anything other than names, literals and assignments of them is a SyntaxError
/// that explains what a Swift engine executes.
struct StatementParser {
  private let text: [Character]
  private var position = 0
  private var depth = 0

  /// The deepest nesting of containers, because the parser recurses.
  static let depthLimit = 64

  init(_ code: String) { text = Array(code) }

  /// Parses a piece of code. Blanks and comments yield no statement.
  static func parse(_ code: String) throws(RaisedError) -> [Statement] {
    var parser = StatementParser(code)
    var statements: [Statement] = []
    parser.skipBlanks()
    while !parser.isAtEnd {
      statements.append(try parser.statement())
      parser.skipSpaces()
      guard parser.isAtEnd || parser.isAt(";") || parser.isAtNewline else { throw parser.refusal() }
      parser.skipBlanks()
    }
    return statements
  }

  private mutating func statement() throws(RaisedError) -> Statement {
    var targets: [String] = []
    while true {
      let value = try expressionOrTuple()
      skipSpaces()
      guard isAt("="), peek(1) != "=" else {
        return targets.isEmpty ? .expression(value) : .assignment(targets, value)
      }
      guard case .name(let name) = value else { throw refusal() }
      targets.append(name)
      position += 1
    }
  }

  private mutating func expressionOrTuple() throws(RaisedError) -> Expression {
    let first = try expression()
    skipSpaces()
    guard isAt(",") else { return first }
    var items = [first]
    while skip(",") {
      skipSpaces()
      if isAtEnd || isAtNewline || isAt(";") { break }
      items.append(try expression())
      skipSpaces()
    }
    return .tuple(items)
  }

  private mutating func expression() throws(RaisedError) -> Expression {
    skipSpaces()
    guard let next = peek(0) else { throw refusal() }
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw RaisedError("SyntaxError", "too many nested parentheses") }
    switch next {
    case "[": return .list(try items(until: "]").items)
    case "(":
      let (items, hasComma) = try items(until: ")")
      if items.count == 1, !hasComma, let only = items.first { return only }
      return .tuple(items)
    case "{": return try braces()
    case "\"", "'": return .value(.string(try strings()))
    case "-", "+", ".": return .value(try number())
    default:
      if next.isNumber { return .value(try number()) }
      guard Identifier.isStart(next) else { throw refusal() }
      return try word()
    }
  }

  private mutating func word() throws(RaisedError) -> Expression {
    let start = position
    while let next = peek(0), Identifier.isContinuation(next) { position += 1 }
    let word = String(text[start..<position])
    switch word {
    case "None": return .value(.none)
    case "True": return .value(.bool(true))
    case "False": return .value(.bool(false))
    default:
      guard Identifier.isValid(word), !isAt("\""), !isAt("'") else { throw refusal() }
      return .name(word)
    }
  }

  private mutating func items(until close: Character) throws(RaisedError) -> (items: [Expression], hasComma: Bool) {
    position += 1
    var items: [Expression] = []
    var hasComma = false
    skipBlanksInside()
    while !skip(close) {
      items.append(try expression())
      skipBlanksInside()
      if skip(",") {
        hasComma = true
        skipBlanksInside()
      } else if !isAt(close) {
        throw refusal()
      }
    }
    return (items, hasComma)
  }

  private mutating func braces() throws(RaisedError) -> Expression {
    position += 1
    var elements: [Expression] = []
    var pairs: [Expression.Item] = []
    skipBlanksInside()
    while !skip("}") {
      let first = try expression()
      skipBlanksInside()
      if skip(":") {
        skipBlanksInside()
        pairs.append(Expression.Item(key: first, value: try expression()))
        skipBlanksInside()
      } else {
        elements.append(first)
      }
      if skip(",") { skipBlanksInside() } else if !isAt("}") { throw refusal() }
    }
    guard pairs.isEmpty || elements.isEmpty else { throw refusal() }
    return elements.isEmpty ? .dict(pairs) : .set(elements)
  }

  private mutating func number() throws(RaisedError) -> PickleValue {
    let start = position
    if isAt("-") || isAt("+") { position += 1 }
    while let next = peek(0) {
      let isExponentSign = (next == "-" || next == "+") && position > start && "eE".contains(text[position - 1])
      guard next.isASCII, next.isNumber || next.isLetter || next == "." || next == "_" || isExponentSign else { break }
      position += 1
    }
    guard let value = NumberLiteral.value(String(text[start..<position])) else { throw refusal() }
    return value
  }

  private mutating func strings() throws(RaisedError) -> String {
    var result = ""
    while let quote = peek(0), quote == "\"" || quote == "'" {
      var scanner = StringLiteral(text, at: position)
      guard let part = scanner.read() else { throw refusal() }
      result += part
      position = scanner.position
      skipSpaces()
    }
    return result
  }

  // MARK: - The cursor

  private var isAtEnd: Bool { position >= text.count }
  private var isAtNewline: Bool { peek(0)?.isNewline ?? false }

  private func peek(_ offset: Int) -> Character? {
    position + offset < text.count ? text[position + offset] : nil
  }

  private func isAt(_ character: Character) -> Bool { peek(0) == character }

  private mutating func skip(_ character: Character) -> Bool {
    guard isAt(character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpaces() {
    while let next = peek(0), next == " " || next == "\t" || next == "#" {
      if next == "#" { skipComment() } else { position += 1 }
    }
  }

  private mutating func skipComment() {
    while !isAtEnd, !isAtNewline { position += 1 }
  }

  private mutating func skipBlanks() {
    while let next = peek(0), next.isWhitespace || next == ";" || next == "#" {
      if next == "#" { skipComment() } else { position += 1 }
    }
  }

  private mutating func skipBlanksInside() {
    while let next = peek(0), next.isWhitespace || next == "#" {
      if next == "#" { skipComment() } else { position += 1 }
    }
  }

  private func refusal() -> RaisedError {
    let line = text[..<min(position, text.count)].count(where: \.isNewline) + 1
    return RaisedError(
      "SyntaxError",
      "line \(line): a Swift engine executes names, literals and assignments of them (a = 5; b = [a, 'x']; a), "
        + "no other Python code; call its functions with apply and ipp.Reference('name')")
  }
}
