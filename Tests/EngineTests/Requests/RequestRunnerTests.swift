import Foundation
import Testing

@testable import MartletEngine
@testable import MartletWire
@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct RequestRunnerTests {
  /// Output that arrives after a request still belongs to it, but an idle engine must not retain the arguments.
  @Test func anIdleRunnerKeepsNoLargeRequest() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("runner-\(UUID().uuidString)").path
    try #require(FileManager.default.createFile(atPath: path, contents: nil))
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try FileManager.default.removeItem(atPath: path)
    let capture = try OutputCapture<Bytes>(
      [CapturedDescriptor(descriptor: file.fileDescriptor, name: "stdout")], echo: false)
    let namespace = Namespace()
    let mailbox = RequestMailbox<Request>()
    let runner = RequestRunner(
      mailbox: mailbox, apply: ApplyRunner(functions: try FunctionRegistry([]), namespace: namespace),
      execute: ExecuteRunner(namespace: namespace), namespace: namespace,
      writer: ReplyWriter(number: EngineNumber(0), engineUUID: "u"), capture: capture,
      sender: ReplySender(session: try Session(key: ""), logger: .silent))
    let memory = try add(to: mailbox)
    #expect(memory.object != nil)
    let running = Task { _ = await runner.run() }
    while mailbox.runningNumber() != nil { await Task.yield() }
    // A waiting runner has already released the request.
    mailbox.close()
    await running.value
    file.write(Data("late".utf8))
    let text = try #require(capture.read().first)
    #expect(text.owner == Bytes("{\"msg_id\":\"m\"}"))
    #expect(memory.object == nil)
    capture.restore()
  }

  private func add(to mailbox: RequestMailbox<Request>) throws -> Memory {
    var frames = Multipart()
    for frame in ["<IDS|MSG>", "", "{\"msg_id\":\"m\"}", "{}", "{}", "{}"] { frames.append(Bytes(frame)) }
    let buffer = Buffer()
    frames.append(Bytes(keeping: buffer, memory: UnsafeRawBufferPointer(buffer.memory)))
    let layout = try MessageLayout(of: frames)
    let header = MessageHeader(messageID: "m", messageType: MessageType.kernelInfoRequest)
    let message = Message(SharedFrames(taking: &frames), layout: layout, header: header)
    let request = Request(message: message, metadata: RequestMetadata(), channel: .shell)
    _ = mailbox.add(request, id: "m")
    return Memory(object: buffer)
  }

  private struct Memory {
    weak var object: Buffer?
  }

  private final class Buffer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 8)
    deinit { memory.deallocate() }
  }
}
