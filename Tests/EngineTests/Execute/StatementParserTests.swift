import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

@Suite struct StatementParserTests {
  private func run(_ code: String, _ names: [String: PickleValue] = [:]) throws -> (shown: PickleValue?, Namespace) {
    let namespace = Namespace()
    for (name, value) in names { namespace.set(name, to: value) }
    return (try ExecuteRunner(namespace: namespace).run(code), namespace)
  }

  @Test(arguments: [
    ("5", PickleValue.int(5)), ("-0x1f", .int(-31)), ("-0x8000000000000000", .int(.min)), ("1_000", .int(1000)),
    ("2.", .float(2)), (".5", .float(0.5)),
    ("-1e3", .float(-1000)), ("True", .bool(true)), ("'a' \"b\"", .string("ab")),
    (#""\x41\n\u00e9\\""#, .string("A\né\\")),
    ("'''x\ny'''", .string("x\ny")), ("[1, 'a', None,]", .list([.int(1), .string("a"), .none])),
    ("(1,)", .tuple([.int(1)])), ("(1)", .int(1)), ("()", .tuple([])), ("1, 2", .tuple([.int(1), .int(2)])),
    ("{'a': [1],\n 'b': {}}", .dict(PickleDict([.init(key: "a", value: [1]), .init(key: "b", value: [:])]))),
    ("{1, 2}", .set([.int(1), .int(2)])),
  ])
  func literals(code: String, expected: PickleValue) throws {
    #expect(try run(code).shown == expected)
  }

  @Test func largeIntegers() throws {
    #expect(try run("123456789012345678901234567890").shown?.description == "123456789012345678901234567890")
  }

  @Test func assignments() throws {
    let (shown, namespace) = try run("a = 5; b = 'x'  # comment\n\nc = d = [a, b]\nc")
    #expect(shown == .list([.int(5), .string("x")]))
    #expect(try namespace.lookUp("d") == shown)
    #expect(try run("a = 1").shown == nil)
  }

  @Test(arguments: ["", "  \n# nothing\n;"])
  func nothing(code: String) throws {
    #expect(try run(code).shown == nil)
  }

  @Test(arguments: [
    "import os", "a + 1", "f(1)", "a.b", "1 = a", "a ==", "a == 1", "[1", "'x", "{1: 2, 3}", "def f(): pass", "print",
    "5x",
    "lambda: 1", "a[0]", "1__", "f'x'", "0x", "--1", "\"\\xZZ\"", "=", ")", "a b", "\u{1F600}",
  ])
  func everythingElseIsRefused(code: String) throws {
    let error = try #require(throws: RaisedError.self) { try run(code) }
    #expect(["SyntaxError", "NameError"].contains(error.name))
    #expect((error.name == "NameError") == (code == "print"))
  }

  @Test func nestingIsBounded() {
    #expect(throws: RaisedError("SyntaxError", "too many nested parentheses")) {
      try StatementParser.parse(String(repeating: "[", count: 100_000))
    }
  }

  @Test func invalidCodeChangesNothing() {
    let namespace = Namespace()
    #expect(throws: RaisedError.self) { try ExecuteRunner(namespace: namespace).run("a = 1\nimport os") }
    #expect(!namespace.holds("a"))
  }

  @Test(arguments: [
    (PickleValue.string("it's"), "\"it's\""), (.string("a\n\\'\""), #"'a\n\\\'"'"#), (.float(1), "1.0"),
    (.float(.nan), "nan"),
    (.float(1e16), "1e+16"), (.tuple([.int(1)]), "(1,)"), (.bytes(Bytes("a\u{0}'")), #"b'a\x00\''"#),
    (.dict(PickleDict([.init(key: "a", value: [true, nil])])), "{'a': [True, None]}"),
    (.set([]), "set()"), (.complex(real: 1, imaginary: -2), "(1.0-2.0j)"),
  ])
  func representations(value: PickleValue, expected: String) {
    #expect(value.description == expected)
  }
}
