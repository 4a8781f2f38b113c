import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletClient

@Suite struct RequestMetadataTests {
  @Test(arguments: [["a"], ["a", "b"], ["a", "b", "a"], ["a\"\\\n", "é"]], ["{}", #"{"no_status":true}"#])
  func targetsAreAnotherField(uuids: [String], metadata: String) throws {
    let engines = uuids.enumerated().map { RegisteredEngine(id: $0, uuid: $1) }
    let text = RequestMetadata.addingTargets(engines, to: Array(metadata.utf8))
    let found = try JSONValue.parse(Bytes(text))
    #expect(found["targets"]?.arrayValue?.map(\.stringValue) == uuids)
    #expect(found["no_status"]?.boolValue == (metadata == "{}" ? nil : true))
  }

  @Test(
    arguments: zip(
      ["", "{}", " { } ", #"{"b":2}"#, "1"],
      [#"{"a":1}"#, #"{"a":1}"#, #"{"a":1 } "#, #"{"a":1,"b":2}"#, #"{"a":1}"#]))
  func aFieldComesFirst(object: String, expected: String) {
    #expect(String(decoding: JSONFields.adding(#""a":1"#, to: Array(object.utf8)), as: UTF8.self) == expected)
  }
}
