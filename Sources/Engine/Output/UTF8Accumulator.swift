/// Turns reads of arbitrary length into text: a character cut off at the end of a read is held back until its rest comes.
struct UTF8Accumulator: Sendable {
  private var held: [UInt8] = []

  /// Whether a character waits for its rest.
  var isPending: Bool { !held.isEmpty }

  /// The text of what was held back and the bytes given, except for a character that is not complete.
  mutating func append(_ bytes: ArraySlice<UInt8>) -> String {
    held.append(contentsOf: bytes)
    let complete = held.count - Self.incompleteSuffix(held)
    defer { held.removeFirst(complete) }
    return String(decoding: held[..<complete], as: UTF8.self)
  }

  /// What is held back, as replacement characters: the task it belongs to is over.
  mutating func finish() -> String {
    defer { held.removeAll() }
    return String(decoding: held, as: UTF8.self)
  }

  /// How many bytes at the end begin a character that needs more of them.
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
