import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletClient

/// Tasks that are sent again if a controller with a journal never had them.
@Suite struct KeptRequestTests {
  private func request(_ metadata: String) -> Request {
    Request(
      channel: .task, type: "apply_request", id: "a", metadata: Array(metadata.utf8), buffers: [Bytes("12345")],
      expected: [], isRepeatable: true)
  }

  @Test(arguments: ["", "{}", #"{"label":1}"#, " { } ", #"{"retries": 2, "label": null}"#])
  func theRepetitionIsMarked(_ metadata: String) throws {
    let marked = try JSONValue.parse(Bytes(KeptRequest(request(metadata)).again.metadata))
    var expected = (try? JSONValue.parse(Bytes(metadata)))?.objectValue ?? [:]
    expected["resubmitted"] = true
    #expect(marked == .object(expected))
  }

  @Test func whatIsKeptIsCounted() {
    var requests = OutstandingRequests<String>()
    let kept = KeptRequest(request("{}"))
    _ = requests.add("a", on: .task, engines: [], context: "x", kept: kept)
    _ = requests.add("b", on: .task, engines: [], context: "y", kept: kept)
    _ = requests.add("c", on: .mux, engines: [], context: "z")
    #expect(requests.keptBytes == 2 * kept.size)
    #expect(requests.kept("a") != nil && requests.kept("c") == nil)
    _ = requests.reply(to: "a")
    #expect(requests.keptBytes == kept.size)
    #expect(requests.kept("a") == nil)
    _ = requests.giveUpAll()
    #expect(requests.keptBytes == 0)
  }
}
