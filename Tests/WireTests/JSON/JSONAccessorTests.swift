import MartletWire
import Testing

@Suite struct JSONAccessorTests {
  let value: JSONValue = [
    "null": nil, "bool": true, "int": 3, "whole": 4.0, "half": 0.5, "string": "s", "array": [1, 2],
    "object": ["k": "v"],
  ]

  @Test func matchingKinds() {
    #expect(value["null"]?.isNull == true)
    #expect(value["bool"]?.boolValue == true)
    #expect(value["int"]?.intValue == 3)
    #expect(value["string"]?.stringValue == "s")
    #expect(value["half"]?.doubleValue == 0.5)
    #expect(value["array"]?.arrayValue == [1, 2])
    #expect(value["object"]?.objectValue == ["k": "v"])
  }

  @Test func numbersConvertWhenNothingIsLost() {
    #expect(value["whole"]?.intValue == 4)
    #expect(value["half"]?.intValue == nil)
    #expect(JSONValue.double(1e300).intValue == nil)
    #expect(JSONValue.double(.nan).intValue == nil)
    #expect(value["int"]?.doubleValue == 3)
    #expect(value["int"]?.boolValue == nil)
    #expect(value["bool"]?.intValue == nil)
  }

  @Test func subscriptsNeverTrap() {
    #expect(value["missing"] == nil)
    #expect(value["array"]?[1] == 2)
    #expect(value["array"]?[2] == nil)
    #expect(value["array"]?[-1] == nil)
    #expect(value["object"]?["k"]?["deeper"] == nil)
    #expect(value[0] == nil)
  }
}
