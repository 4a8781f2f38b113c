import Testing

@testable import MartletWire

@Suite struct PlainValueTests {
  @Test func dataIsPlain() throws {
    let range = PickleValue.record(PickleRecord(module: "builtins", name: "range", args: [0, 5, 1]))
    let values: [PickleValue] = [
      .none, 1, "x", [1, ["a": [2.5]]], .set(PickleSet([1])), .tuple([.bool(true)]), range,
      .array(try NDArray([1, 2])),
    ]
    for value in values { #expect(value.isPlain, "\(value)") }
  }

  @Test func objectsAreNotPlainAtAnyDepth() {
    let object = PickleValue.record(PickleRecord(module: "pandas", name: "DataFrame"))
    let values: [PickleValue] = [
      object, [1, [object]], ["a": object], .tuple([object]), .set(PickleSet([object])),
      .global(module: "os", name: "getcwd"), .reference("a"),
    ]
    for value in values { #expect(!value.isPlain, "\(value)") }
  }
}
