import MartletWire
import MartletZeroMQ
import Testing

@Suite struct JSONParsingTests {
  @Test(
    arguments: [
      ("null", JSONValue.null),
      ("true", true),
      (" false ", false),
      ("\t\r\n7\n", 7),
      ("\"text\"", "text"),
      ("[]", []),
      ("[ ]", []),
      ("{}", [:]),
      ("{ }", [:]),
      ("[1,[2,{\"a\":null}],\"b\"]", [1, [2, ["a": nil]], "b"]),
      ("{\"a\" : 1 , \"b\" : {\"c\":[true]}}", ["a": 1, "b": ["c": [true]]]),
      ("{\"a\":1,\"a\":2}", ["a": 2]),
      ("{\"\":\"\"}", ["": ""]),
    ] as [(String, JSONValue)])
  func values(text: String, value: JSONValue) throws {
    #expect(try JSONValue.parse(Bytes(text)) == value)
  }

  @Test(
    arguments: [
      ("", JSONError.Reason.unexpectedEnd, 0),
      ("  ", .unexpectedEnd, 2),
      ("[1,", .unexpectedEnd, 3),
      ("[1,]", .unexpectedByte, 3),
      ("[1 2]", .unexpectedByte, 3),
      ("[1}", .unexpectedByte, 2),
      ("{\"a\":1,}", .unexpectedByte, 7),
      ("{\"a\" 1}", .unexpectedByte, 5),
      ("{a:1}", .unexpectedByte, 1),
      ("{1:1}", .unexpectedByte, 1),
      ("nul", .unexpectedEnd, 3),
      ("nulL", .unexpectedByte, 3),
      ("True", .unexpectedByte, 0),
      ("'a'", .unexpectedByte, 0),
      ("1 2", .trailingBytes, 2),
      ("{}]", .trailingBytes, 2),
      ("\u{FEFF}1", .unexpectedByte, 0),
    ] as [(String, JSONError.Reason, Int)])
  func rejections(text: String, reason: JSONError.Reason, offset: Int) {
    #expect(throws: JSONError(reason, offset: offset)) { try JSONValue.parse(Bytes(text)) }
  }

  @Test func slicesAndSpansParseAlike() throws {
    let whole = Bytes("xx[1,2]yy")
    #expect(try JSONValue.parse(whole[2..<7]) == [1, 2])
    let array = Array("{\"k\":[]}".utf8)
    #expect(try JSONValue.parse(array.span) == ["k": []])
  }

  @Test func depthIsLimited() throws {
    func nested(_ depth: Int) -> Bytes {
      Bytes(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
    }
    #expect(throws: Never.self) { try JSONValue.parse(nested(JSONValue.defaultDepthLimit)) }
    #expect(throws: JSONError(.tooDeep, offset: 128)) { try JSONValue.parse(nested(129)) }
    #expect(throws: JSONError(.tooDeep, offset: 2)) { try JSONValue.parse(nested(3), depthLimit: 2) }
    #expect(throws: JSONError(.tooDeep, offset: 0)) { try JSONValue.parse(nested(1), depthLimit: 0) }
    #expect(try JSONValue.parse(Bytes("[[1],[2],[3]]"), depthLimit: 2) == [[1], [2], [3]])
  }

  @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
  func depthBombsFailEarly(unit: String) {
    let bomb = Bytes(String(repeating: unit, count: 1_000_000))
    let error = #expect(throws: JSONError.self) { try JSONValue.parse(bomb) }
    #expect(error?.reason == .tooDeep)
  }
}
