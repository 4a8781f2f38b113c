import MartletWire
import Testing

@testable import MartletCluster

@Suite struct PythonLiteralTests {
  @Test(
    arguments: [
      ("1", .int(1)), ("-12", .int(-12)), ("0x1F", .int(31)), ("1_000", .int(1000)), ("1.5", .double(1.5)),
      ("1e3", .double(1000)), (".5", .double(0.5)), ("1e-3", .double(0.001)), ("True", true), ("False", false),
      ("None", .null), ("'a'", "a"), ("\"it's\"", "it's"), ("b'key'", "key"), ("r'\\d'", "\\d"), ("'\\x41\\n'", "A\n"),
      ("'a' \"b\"", "ab"), ("'''a\nb'''", "a\nb"), ("[1, 2,]", [1, 2]), ("()", []), ("(1)", 1), ("(1,)", [1]),
      ("(1, 'b')", [1, "b"]), ("{'a': 1, 2: [None]}", ["a": 1, "2": [nil]]), ("[ # comment\n 1 ]", [1]), ("{}", [:]),
    ] as [(String, JSONValue)])
  func reads(text: String, value: JSONValue) throws {
    #expect(try PythonLiteralParser.parse(text) == value)
  }

  @Test(arguments: [
    "", "foo", "os.system('x')", "1 + 1", "[1", "[1 2]", "{1}", "{'a' 1}", "{1.5: 2}", "'a", "'a\n'", "'''a", "'\\x4'",
    "'\\ud800'", "f'{x}'", "lambda: 1", "-", "1.2.3", "0xZZ", "0777x", "1if", "nan", "(", "'\\", "b",
    String(repeating: "[", count: 100_000),
  ])
  func refuses(text: String) {
    #expect(throws: PythonLiteralError.self) { try PythonLiteralParser.parse(text) }
  }
}
