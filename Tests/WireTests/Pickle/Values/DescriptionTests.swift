import MartletWire
import Testing

@Suite struct DescriptionTests {
  @Test func valuesPrintAsInPython() {
    let value: PickleValue = ["a": [1, 2.5, nil, true], "b": .tuple(["x"])]
    #expect("\(value)" == "{'a': [1, 2.5, None, True], 'b': ('x',)}")
    #expect(value.dictValue?.description == "\(value)")
    #expect("\(PickleSet([1]))" == "{1}")
    #expect("\(PickleRecord(module: "decimal", name: "Decimal"))" == "<decimal.Decimal object>")
  }

  @Test func packedListsPrintAsLists() throws {
    let text = "\(try PickleValue(encoding: Array(0..<100)))"
    #expect(text.hasPrefix("[0, 1, 2, ") && text.hasSuffix("98, 99]"))
  }
}
