import MartletWire
import MartletZeroMQ
import Testing

@Suite struct JSONRobustnessTests {
  static let text = #"""
    {"header": {"msg_id": "ab\u00e9\ud83d\ude00\"", "n": -12.5e-3}, "a": [1, true, null, {}, [], NaN], "z": "é😀"}
    """#

  @Test func everyTruncationIsRejected() throws {
    let whole = Bytes(Self.text)
    #expect(throws: Never.self) { try JSONValue.parse(whole) }
    for length in 0..<whole.count {
      #expect(throws: JSONError.self) { try JSONValue.parse(whole[0..<length]) }
    }
  }

  @Test func everyChangedByteIsParsedOrRejected() {
    var generator = SeededGenerator(seed: 1)
    let original = Array(Self.text.utf8)
    for index in original.indices {
      for _ in 0..<20 {
        var changed = original
        changed[index] = UInt8.random(in: 0...255, using: &generator)
        expectParsedOrRejected(changed)
      }
    }
  }

  @Test func randomBytesAreParsedOrRejected() {
    var generator = SeededGenerator(seed: 2)
    let alphabet = Array(#"{}[]",:\u0123dDeE+-.nNaItrfls "#.utf8) + [0x00, 0x80, 0xC3, 0xED, 0xFF]
    for _ in 0..<20_000 {
      let length = Int.random(in: 0...24, using: &generator)
      expectParsedOrRejected((0..<length).map { _ in alphabet.randomElement(using: &generator) ?? 0 })
    }
  }

  @Test func randomValuesSurviveWritingAndReading() throws {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<500 {
      let value = randomValue(depth: 0, using: &generator)
      #expect(try JSONValue.parse(value.bytes) == value)
    }
  }

  /// A text that parses must yield the same value after it is written and parsed again. For a text that fails to parse,
  /// the error's offset must lie within the text.
  private func expectParsedOrRejected(_ bytes: [UInt8]) {
    do throws(JSONError) {
      let written = try JSONValue.parse(Bytes(bytes)).bytes
      let again = try? JSONValue.parse(written).bytes
      #expect(again == written)
    } catch {
      #expect((0...bytes.count).contains(error.offset))
    }
  }

  private func randomValue(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0...(depth < 5 ? 7 : 5), using: &generator) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &generator))
    case 2: return .int(Int.random(in: .min ... .max, using: &generator))
    case 3: return .double(Double.random(in: -1e9...1e9, using: &generator))
    case 4, 5: return .string(randomString(using: &generator))
    case 6:
      return .array(
        (0..<Int.random(in: 0...4, using: &generator)).map { _ in randomValue(depth: depth + 1, using: &generator) })
    default:
      var members: [String: JSONValue] = [:]
      for _ in 0..<Int.random(in: 0...4, using: &generator) {
        members[randomString(using: &generator)] = randomValue(depth: depth + 1, using: &generator)
      }
      return .object(members)
    }
  }

  private func randomString(using generator: inout SeededGenerator) -> String {
    var scalars = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...10, using: &generator) {
      let limit: UInt32 = Bool.random(using: &generator) ? 0x80 : 0x10FFFF
      scalars.append(Unicode.Scalar(UInt32.random(in: 0...limit, using: &generator)) ?? "\u{FFFD}")
    }
    return String(scalars)
  }
}
