import MartletWire
import MartletZeroMQ
import Testing

@Suite struct JSONWritingTests {
  @Test(
    arguments: [
      (nil, "null"),
      (true, "true"),
      (false, "false"),
      (-3, "-3"),
      (.int(.min), "-9223372036854775808"),
      (1.0, "1.0"),
      (0.1, "0.1"),
      (1e22, "1e+22"),
      (.double(.infinity), "Infinity"),
      (.double(-.infinity), "-Infinity"),
      ([], "[]"),
      ([1, "a", nil], #"[1,"a",null]"#),
      ([:], "{}"),
      (["b": 1, "a": [true], "c": ["d": 2.5]], #"{"a":[true],"b":1,"c":{"d":2.5}}"#),
      (["ke\ny": "va\"lue"], #"{"ke\ny":"va\"lue"}"#),
    ] as [(JSONValue, String)])
  func compactText(value: JSONValue, text: String) throws {
    #expect(value.bytes.string == text)
    #expect(try JSONValue.parse(value.bytes) == value)
  }

  @Test func writingAppends() {
    var output = Array("[".utf8)
    JSONValue.int(1).write(into: &output)
    #expect(output == Array("[1".utf8))
  }
}
