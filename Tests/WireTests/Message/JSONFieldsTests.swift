import Testing

@testable import MartletWire
@testable import MartletZeroMQ

@Suite struct JSONFieldsTests {
  @Test(arguments: [
    ("{}", [:]), (" { } ", [:]),
    (#"{"a":1,"b":"x"}"#, ["a": "1", "b": #""x""#]),
    (#"{"b":"x","a":1}"#, ["a": "1", "b": #""x""#]),
    ("\t{ \"a\" :\r\n 1 , \"b\"\n:[ 1, {} ] }\n", ["a": "1", "b": "[ 1, {} ]"]),
    (#"{"a":{"b":{"a":"}\"]"}},"c":[[],[{"d":"["}]]}"#, ["a": #"{"b":{"a":"}\"]"}}"#, "c": #"[[],[{"d":"["}]]"#]),
    (#"{"\u0061":null,"\\\"":true}"#, ["a": "null", #"\""#: "true"]),
    (#"{"a":1,"a":2}"#, ["a": "2"]),
    (#"{"":-1.5e3}"#, ["": "-1.5e3"]),
    (#"{"ключ":"значение 🎈"}"#, ["ключ": #""значение 🎈""#]),
  ])
  func objects(text: String, expected: [String: String]) throws {
    #expect(try fields(text) == expected)
  }

  @Test(arguments: [
    "", " ", "[]", "1", #""text""#, "null", "{", "}", "{}}", "{} x", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#,
    #"{"a":1 "b":2}"#, #"{"a" 1}"#, "{a:1}", "{1:2}", #"{"a":1"#, #"{"a":"b}"#, #"{"a":"b\"#, #"{"a":[1}"#,
    #"{"a":{"b":1}"#, #"{"a\"#, #"{"\u12":1}"#, #"{"\x":1}"#, "{\u{FEFF}}",
  ])
  func malformed(text: String) {
    let error = #expect(throws: WireError.self) { try fields(text) }
    #expect(error?.code == .malformedJSON)
  }

  static let sample = #"{"msg_id":"a\"\u00e4🎈","n":{"x":[1,{"y":"]}"}]},"date":null, "list" : [true,false]}"#

  @Test func truncatedAtEveryOffset() {
    let text = Array(Self.sample.utf8)
    for count in 0..<text.count {
      #expect(throws: WireError.self) { try fields(text.prefix(count)) }
    }
  }

  @Test func damagedAtEveryOffset() {
    let text = Array(Self.sample.utf8)
    for index in text.indices {
      for byte in [0, 0x22, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x80, 0xFF] as [UInt8] {
        var damaged = text
        damaged[index] = byte
        _ = try? fields(damaged)
      }
    }
  }

  @Test func keysAreComparedWithLiterals() throws {
    let keys = ["", "a", "msg_id", "msg_type", "msg_idx", #"\u006dsg_id"#, "ключ", #"\"quoted\""#]
    let text = "{" + keys.map { "\"\($0)\":1" }.joined(separator: ",") + "}"
    var found: [String] = []
    try Bytes(text).withSpan { (span) throws(WireError) in
      try JSONFields.scan(span) { (key: JSONKey, _) throws(WireError) in
        switch key {
        case "": found.append("empty")
        case "msg_id": found.append("id")
        case "msg_type": found.append("type")
        case "ключ": found.append("key")
        case "\"quoted\"": found.append("quoted")
        default: found.append(key.string)
        }
      }
    }
    #expect(found == ["empty", "a", "id", "type", "msg_idx", "id", "key", "quoted"])
  }

  /// The scanner does not recurse into nested values, and has the parser's limit.
  @Test func deepNesting() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    let limit = JSONValue.defaultDepthLimit
    let allowed = #"{"deep":\#(nested(limit - 1)),"msg_id":"x"}"#
    #expect(try fields(allowed)["msg_id"] == #""x""#)
    #expect(try JSONValue.parse(Bytes(allowed))["msg_id"] == "x")
    for depth in [limit, 500_000] {
      let refused = #"{"deep":\#(nested(depth)),"msg_id":"x"}"#
      #expect(throws: WireError.self) { try fields(refused) }
      #expect(throws: JSONError.self) { try JSONValue.parse(Bytes(refused)) }
      #expect(throws: WireError.self) { try fields(#"{"deep":\#(String(repeating: "{", count: depth))"#) }
    }
  }

  @Test func closuresCanStopTheScan() {
    let bytes = Bytes(#"{"a":1,"b":2}"#)
    var seen: [String] = []
    let error = #expect(throws: WireError.self) {
      try bytes.withSpan { (span) throws(WireError) in
        try JSONFields.scan(span) { (key, _) throws(WireError) in
          seen.append(key.string)
          throw WireError(.unknown, "enough")
        }
      }
    }
    #expect(error?.code == .unknown && seen == ["a"])
  }
}
