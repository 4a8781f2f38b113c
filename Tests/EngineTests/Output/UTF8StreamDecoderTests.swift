import Testing

@testable import MartletEngine

@Suite struct UTF8StreamDecoderTests {
  @Test func anIncompleteCharacterAtTheEndIsReplaced() {
    var decoder = UTF8StreamDecoder()
    #expect(decoder.append([0x61, 0xF0, 0x9F, 0x98]) == "a")
    #expect(decoder.finish() == "\u{FFFD}")
    #expect(decoder.append([0x80, 0x80, 0x80, 0x80, 0x62]).hasSuffix("b"))
    #expect(decoder.append([0xF0, 0x9F]) == "")
    #expect(decoder.append([0x98, 0x80]) == "😀")
  }

  /// Carried-over bytes are decoded again with the next piece, so they must not pile up in text without line breaks.
  @Test func carriesOverAtMostThreeBytes() {
    var decoder = UTF8StreamDecoder()
    let bytes = Array(String(repeating: "aä€😀", count: 1000).utf8)
    for size in [1, 2, 3, 7, 1000] {
      var text = ""
      for start in stride(from: 0, to: bytes.count, by: size) {
        text += decoder.append(bytes[start..<min(start + size, bytes.count)])
        #expect(decoder.held.count <= 3)
      }
      #expect(Array(text.utf8) == bytes)
    }
  }

  @Test func invalidBytesAreNotCarriedOver() {
    var decoder = UTF8StreamDecoder()
    for byte: UInt8 in [0x80, 0xBF, 0xC0, 0xF5, 0xFF] {
      for _ in 0..<100 {
        _ = decoder.append([byte])
        #expect(decoder.held.count == 0)
      }
    }
  }
}
