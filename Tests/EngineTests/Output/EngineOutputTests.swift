import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

@Suite(.timeLimit(.minutes(1))) struct EngineOutputTests {
  @Test func outputBelongsToItsTaskAndComesBeforeTheEnd() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("output-\(UUID().uuidString)").path
    try #require(FileManager.default.createFile(atPath: path, contents: nil))
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let descriptor = file.fileDescriptor
    let say = RemoteFunction("say") { (text: String) -> Bool in
      FileHandle(fileDescriptor: descriptor).write(Data(text.utf8))
      return true
    }
    let captured = [CapturedDescriptor(descriptor: descriptor, name: "stdout")]
    try await withEngine(functions: [say], capturing: captured) { controller in
      try await controller.waitForIOPub()
      var ids: [(String, String)] = []
      for index in 0..<20 {
        let text = "line \(index) ä€\n"
        let id = try await controller.send(
          .mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: "say", args: [.string(text)]))
        ids.append((id, text))
      }
      for (id, text) in ids {
        #expect(try await controller.receive(.mux).parentID() == id)
        let published = try await controller.publications(about: id)
        #expect(published.first?.content == ["execution_state": "busy"])
        let streams = published.dropFirst().dropLast()
        #expect(streams.allSatisfy { $0.topic == "engine.0.stdout" && $0.content["name"] == "stdout" })
        #expect(streams.compactMap { $0.content["text"]?.stringValue }.joined() == text)
      }
    }
  }
}
