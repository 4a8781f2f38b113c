/// Text as a terminal shows it: what follows a carriage return overwrites the line, unless a newline comes first.
///
/// Only the last line can still change. Each part is scanned once, when it is added, and an overwritten line is removed
/// once, so the cost grows with the text and not with the number of parts.
struct TerminalText: Sendable {
  /// The text so far.
  private(set) var text = ""
  /// Where the last line begins, as an offset in UTF-8. Everything before it is final.
  private(set) var lineStart = 0
  /// Whether the text added last ended with a carriage return, whose effect depends on what comes next.
  private var isReturning = false
  /// The bytes examined so far: lets tests check that no byte is examined again and again.
  private(set) var examined = 0

  /// Adds text.
  mutating func append(_ part: String) {
    var rest = Substring(part)
    while let next = rest.utf8.first {
      // Of several carriage returns only the last one counts.
      if isReturning, next != 0x0A, next != 0x0D { removeLine() }
      let end = rest.utf8.firstIndex(of: 0x0D)
      let line = rest[..<(end ?? rest.endIndex)]
      examined += line.utf8.count
      appendLines(line)
      isReturning = end != nil
      rest = end.map { rest[rest.utf8.index(after: $0)...] } ?? ""
    }
  }

  /// The complete lines that begin at an offset or after it, without their newlines.
  func lines(from offset: Int) -> [String] {
    guard offset < lineStart else { return [] }
    var lines = text[index(offset)..<index(lineStart)].utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
    // The piece after the last newline is empty.
    lines.removeLast()
    return lines.map { String(Substring($0)) }
  }

  /// The last line, which no newline has ended yet; may be empty.
  var lastLine: Substring { text[index(lineStart)...] }

  private mutating func appendLines(_ part: Substring) {
    examined += part.utf8.count
    if let newline = part.utf8.lastIndex(of: 0x0A) {
      lineStart = text.utf8.count + part.utf8.distance(from: part.startIndex, to: newline) + 1
    }
    text.append(contentsOf: part)
  }

  private mutating func removeLine() { text.removeSubrange(index(lineStart)...) }

  /// The index at an offset; takes constant time, because the text is stored as UTF-8.
  private func index(_ offset: Int) -> String.Index { text.utf8.index(text.startIndex, offsetBy: offset) }
}

extension TerminalText: Hashable {
  static func == (left: TerminalText, right: TerminalText) -> Bool { left.text == right.text }

  func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
