import Foundation
import Synchronization
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
    let mailbox = RequestMailbox<Request>()
    let runner = try runner(mailbox, capture: capture)
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

  /// To the client an answer would look like the function's own error; the controller knows better, and may try the task
  /// again.
  @Test func anEngineThatLeavesDoesNotAnswerWhatItCancels() async throws {
    let hasBegun = Atomic(false)
    let function = RemoteFunction("obedient") { () async throws -> Int in
      hasBegun.store(true, ordering: .releasing)
      try await Task.sleep(for: .seconds(3600))
      return 0
    }
    let mailbox = RequestMailbox<Request>()
    let runner = try runner(mailbox, [function])
    _ = mailbox.add(
      try request(MessageType.applyRequest, buffers: ApplyCall.pack(function: "obedient")), id: "m")
    let running = Task { await runner.run() }
    while !hasBegun.load(ordering: .acquiring) { await Task.yield() }
    running.cancel()
    // It ends at once, and not when the mailbox is closed: nothing more is to be done.
    #expect(await running.value == nil)
    #expect(mailbox.runningNumber() != nil)
  }

  private func runner(
    _ mailbox: RequestMailbox<Request>, _ functions: [any RemoteCallable] = [], capture: OutputCapture<Bytes>? = nil
  ) throws -> RequestRunner {
    let namespace = Namespace()
    return RequestRunner(
      mailbox: mailbox, apply: ApplyRunner(functions: try FunctionRegistry(functions), namespace: namespace),
      execute: ExecuteRunner(namespace: namespace), namespace: namespace,
      writer: ReplyWriter(number: EngineNumber(0), engineUUID: "u"), capture: capture,
      sender: ReplySender(session: try Session(key: ""), logger: .silent))
  }

  private func request(_ type: String, buffers: [Bytes]) throws -> Request {
    var frames = Multipart()
    for frame in ["<IDS|MSG>", "", "{\"msg_id\":\"m\"}", "{}", "{}", "{}"] { frames.append(Bytes(frame)) }
    for buffer in buffers { frames.append(buffer) }
    let layout = try MessageLayout(of: frames)
    let header = MessageHeader(messageID: "m", messageType: type)
    let message = Message(SharedFrames(taking: &frames), layout: layout, header: header)
    return Request(message: message, metadata: RequestMetadata(), channel: .shell)
  }

  private func add(to mailbox: RequestMailbox<Request>) throws -> Memory {
    let buffer = Buffer()
    let bytes = Bytes(keeping: buffer, memory: UnsafeRawBufferPointer(buffer.memory))
    _ = mailbox.add(try request(MessageType.kernelInfoRequest, buffers: [bytes]), id: "m")
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
