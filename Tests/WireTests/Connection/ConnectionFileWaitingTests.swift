import Foundation
import Testing

@testable import MartletWire

@Suite final class ConnectionFileWaitingTests {
  private let folder = NSTemporaryDirectory() + "martlet-\(UUID().uuidString)"
  private let info = ConnectionInfo(kind: .client, interface: "tcp://127.0.0.1")
  private var file: ConnectionFile { ConnectionFile(path: "\(folder)/file.json") }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  @Test func readsAFileThatAppears() async throws {
    let file = file
    async let read = file.read(within: .seconds(60))
    try file.write(info)
    #expect(try await read == info)
  }

  @Test func waitsForAFileToBecomeWhole() async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data("{".utf8).write(to: URL(fileURLWithPath: file.path))
    let file = file
    async let read = file.read(within: .seconds(60))
    try file.write(info)
    #expect(try await read == info)
  }

  @Test func givesUpOnAFileThatStaysUnusable() async throws {
    try PrivateFile.write(Data("{".utf8), to: file.path)
    let error = await #expect(throws: ConnectionError.self) { try await self.file.read(within: .seconds(600)) }
    #expect(error?.description.contains("is unusable") == true)
  }

  @Test func saysHowLongItWaited() async throws {
    let error = await #expect(throws: ConnectionError.self) { try await self.file.read(within: .milliseconds(5)) }
    #expect(error?.description.contains("no connection file at \(file.path)") == true)
    #expect(error?.description.hasSuffix("(waited 0.005 seconds for it)") == true)
  }

  @Test func endsWithItsTask() async throws {
    let file = file
    let task = Task { try await file.read(within: .seconds(600)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}
