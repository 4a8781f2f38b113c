import MartletWire

/// Reads `*_config.py` as data: plain assignments `c.Class.trait = literal`, nothing else.
///
/// `c = get_config()` and imports are skipped, as are indented lines, which belong to an ignored statement. Everything
/// else in the file is reported with its line and never executed.
struct PythonConfigReader {
  private(set) var layer: ConfigLayer
  private(set) var problems: [ConfigProblem] = []
  private let path: String
  private var parser: PythonLiteralParser
  /// Enough for a reader; a hostile file can't fill the log.
  private static let problemLimit = 20

  init(text: String, path: String) {
    self.path = path
    layer = ConfigLayer(origin: path, isFile: true)
    parser = PythonLiteralParser(Array(text.unicodeScalars))
  }

  mutating func read() {
    while let first = parser.current {
      switch first {
      case "\n", "\r": parser.position += 1
      case " ", "\t", "#": readBlankLine()
      default: readStatement()
      }
    }
  }

  /// Skips a line that starts with a blank or a comment: it is empty or inside a block whose first line was reported.
  private mutating func readBlankLine() {
    parser.skipSpace(lines: false)
    skipLogicalLine()
  }

  private mutating func readStatement() {
    let start = parser.position
    let words = statementWords()
    if ["import", "from", "pass"].contains(words.first) { return skipLogicalLine() }
    do throws(PythonLiteralError) {
      if words == ["c"] {
        try expectConfigObject()
      } else if words.count == 3, words[0] == "c" {
        try expect("=")
        let value = try parser.parseValue()
        try expectEndOfLine()
        layer.set("\(words[1]).\(words[2])", .literal(value))
      } else {
        throw PythonLiteralError(reason: "only assignments like c.IPController.ip = '*' are read")
      }
    } catch {
      parser.position = start
      report(error.reason, at: start)
      skipLogicalLine()
    }
  }

  /// The dotted names at the start of a statement.
  private mutating func statementWords() -> [String] {
    var words: [String] = []
    while true {
      var word = String.UnicodeScalarView()
      while let next = parser.current, next == "_" || next.properties.isAlphabetic || ("0"..."9").contains(next) {
        word.append(next)
        parser.position += 1
      }
      words.append(String(word))
      guard parser.current == "." else { return words }
      parser.position += 1
    }
  }

  private mutating func expect(_ sign: Unicode.Scalar) throws(PythonLiteralError) {
    parser.skipSpace(lines: false)
    guard parser.current == sign, parser.peek(1) != "=" else {
      throw PythonLiteralError(reason: "only assignments like c.IPController.ip = '*' are read")
    }
    parser.position += 1
    parser.skipSpace(lines: false)
  }

  private mutating func expectConfigObject() throws(PythonLiteralError) {
    try expect("=")
    for character in "get_config()".unicodeScalars {
      guard parser.current == character else { throw PythonLiteralError(reason: "c can only be get_config()") }
      parser.position += 1
    }
    try expectEndOfLine()
  }

  private mutating func expectEndOfLine() throws(PythonLiteralError) {
    parser.skipSpace(lines: false)
    guard parser.current == nil || parser.current == "\n" || parser.current == "\r" else {
      throw PythonLiteralError(reason: "the value must be one literal, expressions are not evaluated")
    }
  }

  /// Skips the rest of a statement, which may span several lines inside brackets and long strings.
  private mutating func skipLogicalLine() {
    var depth = 0
    while let next = parser.current {
      switch next {
      case "\n" where depth <= 0:
        parser.position += 1
        return
      case "#", "\\": skipCommentOrContinuation()
      case "[", "(", "{": (depth, parser.position) = (depth + 1, parser.position + 1)
      case "]", ")", "}": (depth, parser.position) = (depth - 1, parser.position + 1)
      case "'", "\"":
        let start = parser.position
        if (try? parser.parseStrings()) == nil { parser.position = start + 1 }
      default: parser.position += 1
      }
    }
  }

  private mutating func skipCommentOrContinuation() {
    let start = parser.position
    parser.skipSpace(lines: false)
    if parser.position == start { parser.position += 1 }
  }

  private mutating func report(_ reason: String, at position: Int) {
    guard problems.count < Self.problemLimit else { return }
    let line = 1 + parser.text[..<position].count { $0 == "\n" }
    problems.append(ConfigProblem("\(path):\(line): ignored, \(reason)"))
  }
}
