import Testing

@testable import MartletWire
@testable import MartletZeroMQ

@Suite struct JSONTextTests {
  private func read<Value>(
    _ text: String, _ body: (Span<UInt8>, Range<Int>) throws(WireError) -> Value
  ) throws(WireError) -> Value {
    try Bytes(text).withSpan { (span) throws(WireError) in try body(span, 0..<span.count) }
  }

  @Test(arguments: [
    (#""""#, ""), (#""abc""#, "abc"), (#""a\"b""#, "a\"b"), (#""\u00e9\n\/""#, "é\n/"), (#""\ud83c\udf88""#, "🎈"),
    (#""\ud83c""#, "\u{FFFD}"),
  ])
  func strings(text: String, expected: String) throws {
    #expect(try read(text, JSONText.string) == expected)
    #expect(try read(text, JSONText.optionalString) == expected)
  }

  @Test(arguments: ["1", "null", "[]", #"""#, "true", #""\x""#, #""\""#])
  func whatIsNoString(text: String) {
    let error = #expect(throws: WireError.self) { try read(text, JSONText.string) }
    #expect(error?.code == .malformedJSON)
  }

  @Test(arguments: [
    ("[]", []), (#"["a"]"#, ["a"]), (#" [ "a-1" , "" ,"~" ] "#, ["a-1", "", "~"]), (#"["a,]"]"#, ["a,]"]),
  ])
  func plainStrings(text: String, expected: [String]) throws {
    #expect(try read(text, JSONText.plainStrings) == expected)
    #expect(try read(text, JSONText.json).arrayValue?.map(\.stringValue) == expected)
  }

  @Test(arguments: [
    "", "[", #"["a""#, #"["a",]"#, #"["a"] 1"#, #"[,"a"]"#, #"["a" "b"]"#, "[1]", #"["a",null]"#, #"[["a"]]"#, #""a""#,
    "{}",
    #"["\u0061"]"#, #"["é"]"#, "[\"\u{7F}\"]", "[\"a\nb\"]",
  ])
  func whatIsNotAListOfPlainStrings(text: String) {
    let error = #expect(throws: WireError.self) { try read(text, JSONText.plainStrings) }
    #expect(error?.code == .malformedJSON)
  }

  @Test func words() throws {
    #expect(try read("null", JSONText.optionalString) == nil)
    #expect(try read("null") { JSONText.isNull($0, at: $1) })
    #expect(try read("true") { JSONText.isTrue($0, at: $1) })
    #expect(try !read("false") { JSONText.isTrue($0, at: $1) })
    for text in ["[]", "{}", "null"] { #expect(try read(text) { JSONText.isEmptyContainer($0, at: $1) }) }
    for text in ["[1]", "12", #""""#] { #expect(try !read(text) { JSONText.isEmptyContainer($0, at: $1) }) }
  }

  @Test func values() throws {
    #expect(try read(#"{"a":[1,2.5]}"#, JSONText.json) == ["a": [1, 2.5]])
    #expect(throws: WireError.self) { try read("{", JSONText.json) }
    #expect(throws: WireError.self) { try read(String(repeating: "[", count: 100_000), JSONText.json) }
  }
}
