import MartletWire
import MartletZeroMQ
import Testing

/// The connection files of the conformance kit, read by our reader.
@Suite struct ConnectionVectorTests {
  @Test func everyFileIsReadOrRefused() throws {
    for vector in try VectorFile.connections.vectors() {
      let text = Bytes(vector.fields["text"]?.stringValue ?? "")
      guard let expected = vector.expected else {
        #expect(throws: (any Error).self, "\(vector.name)") { try ConnectionInfo(json: JSONValue.parse(text)) }
        continue
      }
      let info = try ConnectionInfo(json: JSONValue.parse(text))
      #expect(info.kind.rawValue == expected["kind"]?.stringValue, "\(vector.name)")
      #expect(info.key == expected["key"]?.stringValue, "\(vector.name)")
      #expect(info.signatureScheme == expected["signature_scheme"]?.stringValue, "\(vector.name)")
      #expect(info.curveServerKey == expected["curve_serverkey"]?.stringValue, "\(vector.name)")
      #expect(info.location == expected["location"]?.stringValue, "\(vector.name)")
      let endpoints = expected["endpoints"]?.objectValue ?? [:]
      #expect(Set(endpoints.keys) == Set(info.ports.keys.map(\.rawValue)), "\(vector.name)")
      for (name, wanted) in endpoints {
        let channel = try #require(ConnectionInfo.Channel(rawValue: name))
        let found = try info.endpoints(channel)
        let choices = (wanted.arrayValue ?? []).map { ($0.arrayValue ?? []).compactMap(\.stringValue) }
        #expect(found.count == choices.count, "\(vector.name) \(name)")
        for (endpoint, names) in zip(found, choices) { #expect(names.contains(endpoint), "\(vector.name) \(name)") }
      }
    }
  }
}
