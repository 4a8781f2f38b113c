/// The names a Swift engine accepts, which are Python's identifiers.
enum Identifier {
  /// Words that Python reserves.
  private static let reserved: Set<String> = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not",
    "or", "pass", "raise", "return", "try", "while", "with", "yield",
  ]

  static func isValid(_ name: String) -> Bool {
    guard let first = name.first, isStart(first), !reserved.contains(name) else { return false }
    return name.dropFirst().allSatisfy(isContinuation)
  }

  static func isStart(_ character: Character) -> Bool { character == "_" || character.isLetter }

  static func isContinuation(_ character: Character) -> Bool { isStart(character) || character.isNumber }
}
