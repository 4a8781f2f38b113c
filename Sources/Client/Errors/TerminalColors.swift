/// The escape sequences by which programs colour their output.
enum TerminalColors {
  /// A text without them: sequences that start with ESC and `[` and end with a letter or another character above `?`.
  static func removed(from text: String) -> String {
    guard text.utf8.contains(0x1B) else { return text }
    var plain: [UInt8] = []
    plain.reserveCapacity(text.utf8.count)
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == 0x1B, rest.first == 0x5B else {
        plain.append(byte)
        continue
      }
      rest.removeFirst()
      // Of a sequence that is cut short, nothing is left.
      rest = rest.drop { !(0x40...0x7E).contains($0) }.dropFirst()
    }
    return String(decoding: plain, as: UTF8.self)
  }
}
