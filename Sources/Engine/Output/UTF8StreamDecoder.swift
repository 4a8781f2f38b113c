/// Decodes UTF-8 that arrives in pieces. An incomplete character at the end of a piece is held back until the next one.
///
/// Each byte is looked at once: only the incomplete character, at most three bytes, is carried over to the next piece.
struct UTF8StreamDecoder: Sendable {
  /// The incomplete character.
  private(set) var held: [UInt8] = []

  /// Decodes what was held back and a piece, except for an incomplete character at the end.
  mutating func append(_ bytes: ArraySlice<UInt8>) -> String {
    held.append(contentsOf: bytes)
    let complete = held.count - Self.incompleteSuffix(held)
    defer { held.removeFirst(complete) }
    return String(decoding: held[..<complete], as: UTF8.self)
  }

  /// Ends the text. An incomplete character becomes replacement characters.
  mutating func finish() -> String {
    defer { held.removeAll() }
    return String(decoding: held, as: UTF8.self)
  }

  /// How many bytes at the end start a character that needs more bytes.
  private static func incompleteSuffix(_ bytes: [UInt8]) -> Int {
    for (back, byte) in bytes.suffix(3).reversed().enumerated() {
      switch byte {
      case 0x80..<0xC0: continue
      case 0xC2..<0xE0: return back < 1 ? back + 1 : 0
      case 0xE0..<0xF0: return back < 2 ? back + 1 : 0
      case 0xF0..<0xF5: return back < 3 ? back + 1 : 0
      default: return 0
      }
    }
    return 0
  }
}
