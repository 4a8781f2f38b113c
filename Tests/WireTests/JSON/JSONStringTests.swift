import MartletWire
import MartletZeroMQ
import Testing

@Suite struct JSONStringTests {
  @Test(arguments: [
    (#""""#, ""),
    (#""plain""#, "plain"),
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u0041\u00e9\u20AC""#, "Aé€"),
    (#""\ud83d\ude00""#, "😀"),
    (#""\uD834\uDD1E!""#, "𝄞!"),
    (#""raw é € 😀""#, "raw é € 😀"),
    (#""a\u0000b""#, "a\u{0}b"),
    (#""\ud800""#, "\u{FFFD}"),
    (#""\udc00x""#, "\u{FFFD}x"),
    (#""\ud800\ud83d\ude00""#, "\u{FFFD}😀"),
    (#""\ud83d\u0041""#, "\u{FFFD}A"),
    (#""\ud83d\n""#, "\u{FFFD}\n"),
    (#""é\t\u00e9""#, "é\té"),
  ])
  func strings(text: String, value: String) throws {
    let parsed = try #require(try JSONValue.parse(Bytes(text)).stringValue)
    #expect(Array(parsed.unicodeScalars) == Array(value.unicodeScalars))
  }

  @Test(arguments: [
    (#"""#, JSONError.Reason.unexpectedEnd, 1),
    (#""abc"#, .unexpectedEnd, 4),
    (#""\"#, .unexpectedEnd, 2),
    (#""\x""#, .invalidEscape, 2),
    (#""\u12""#, .invalidEscape, 5),
    (#""\u12g4""#, .invalidEscape, 5),
    (#""\ud800\u""#, .invalidEscape, 9),
    ("\"a\tb\"", .controlCharacter, 2),
    ("\"\\n\u{1F}\"", .controlCharacter, 3),
  ])
  func rejections(text: String, reason: JSONError.Reason, offset: Int) {
    #expect(throws: JSONError(reason, offset: offset)) { try JSONValue.parse(Bytes(text)) }
  }

  @Test(
    arguments: [
      [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE2, 0x82],
    ] as [[UInt8]])
  func invalidUTF8(content: [UInt8]) {
    let quote = UInt8(ascii: "\"")
    #expect(throws: JSONError(.invalidUTF8, offset: 1)) { try JSONValue.parse(Bytes([quote] + content + [quote])) }
    let escaped = [quote] + Array("\\n".utf8) + content + [quote]
    #expect(throws: JSONError(.invalidUTF8, offset: 1)) { try JSONValue.parse(Bytes(escaped)) }
  }

  @Test(arguments: [
    ("", #""""#),
    ("plain é 😀", #""plain é 😀""#),
    ("\"\\/", #""\"\\/""#),
    ("\n\r\t", #""\n\r\t""#),
    ("\u{0}\u{8}\u{1F}\u{7F}", "\"\\u0000\\u0008\\u001f\u{7F}\""),
  ])
  func writing(value: String, text: String) throws {
    var output = Array("x".utf8)
    JSONString.append(value, to: &output)
    #expect(String(decoding: output, as: UTF8.self) == "x" + text)
    #expect(try JSONValue.parse(Bytes(output)[1..<output.count]) == .string(value))
  }
}
