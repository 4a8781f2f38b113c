import Foundation
import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct EventLoopSourceTests {
  /// Reads from a socket on a loop, with a limited number of messages per wake-up.
  private actor Reader {
    let log: LoopLog
    private let socket: Socket
    private var message = Multipart()
    private var token: EventLoop.Token?

    nonisolated var unownedExecutor: UnownedSerialExecutor { log.unownedExecutor }

    init(_ log: LoopLog, _ socket: consuming Socket) {
      self.log = log
      self.socket = socket
    }

    func start(batch: Int = 10, cancelAfter limit: Int = .max) {
      var count = 0
      token = log.loop.onReadable(socket) { [self] in
        assumeIsolated { reader in
          for _ in 0..<batch where count < limit {
            guard (try? reader.socket.receive(into: &reader.message)) == true else { return }
            count += 1
            log.note(reader.message.texts.joined(separator: " "))
          }
          if count == limit { reader.stop() }
        }
      }
    }

    func stop() {
      if let token { log.loop.cancel(token) }
      token = nil
    }
  }

  @Test(arguments: Transport.allCases) func socketsWakeTheLoop(_ transport: Transport) async throws {
    let loop = try EventLoop.started("sockets")
    let log = LoopLog(loop)
    let context = try Context()
    var (serverOptions, clientOptions) = (SocketOptions(), SocketOptions())
    if transport == .curve {
      let keys = try CurveKeyPair.generate()
      serverOptions.curve = .server(keys)
      clientOptions.curve = .client(try .generate(), serverKey: keys.publicKey)
    }
    let server = try Socket(context, .pull, options: serverOptions)
    let client = try Socket(context, .push, options: clientOptions)
    try client.connect(try server.bind(transport.freeEndpoint))
    let reader = Reader(log, server)
    await reader.start()
    for number in 0..<500 { try client.send("\(number)", "x") }
    #expect(await log.entries(atLeast: 500) == (0..<500).map { "\($0) x" })
    await reader.stop()
    await loop.end()
  }

  @Test func aSocketIsServedUntilItsCallbackCancelsIt() async throws {
    let loop = try EventLoop.started("cancelling")
    let log = LoopLog(loop)
    let context = try Context()
    let first = try Socket(context, .pull)
    let second = try Socket(context, .pull)
    let toFirst = try Socket(context, .push)
    let toSecond = try Socket(context, .push)
    try toFirst.connect(try first.bind(Transport.inproc.freeEndpoint))
    try toSecond.connect(try second.bind(Transport.inproc.freeEndpoint))
    let readers = (Reader(log, first), Reader(log, second))
    await readers.0.start(cancelAfter: 3)
    for number in 0..<5 { try toFirst.send("first \(number)") }
    #expect(await log.entries(atLeast: 3).count == 3)
    await readers.1.start()
    for number in 0..<5 { try toSecond.send("second \(number)") }
    #expect(await log.entries(atLeast: 8).suffix(5) == (0..<5).map { "second \($0)" })
    // The remaining messages wait for the next registration.
    await readers.0.start()
    #expect(await log.entries(atLeast: 10).suffix(2) == ["first 3", "first 4"])
    await readers.0.stop()
    await readers.1.stop()
    await loop.end()
  }

  @Test func fileDescriptorsWakeTheLoop() async throws {
    let loop = try EventLoop.started("descriptors")
    let log = LoopLog(loop)
    let pipe = Pipe()
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    let token = try await loop.run {
      loop.onReadable(fileDescriptor: descriptor) {
        var byte: UInt8 = 0
        log.note(read(descriptor, &byte, 1) == 1 ? "\(byte)" : "end")
      }
    }
    try pipe.fileHandleForWriting.write(contentsOf: [1, 2, 3])
    #expect(await log.entries(atLeast: 3) == ["1", "2", "3"])
    try pipe.fileHandleForWriting.close()
    #expect(await log.entries(atLeast: 4)[3] == "end")
    try await loop.run { loop.cancel(token) }
    await loop.end()
  }

  @Test func aCallbackMayCancelTheOthersOfItsRound() async throws {
    let loop = try EventLoop.started("round")
    let log = LoopLog(loop)
    let pipes = [Pipe(), Pipe(), Pipe()]
    // All sockets are readable before the first is registered, so a single round finds them all.
    for pipe in pipes { try pipe.fileHandleForWriting.write(contentsOf: [1]) }
    let descriptors = pipes.map(\.fileHandleForReading.fileDescriptor)
    try await loop.run {
      let tokens = Local<[EventLoop.Token]>([])
      tokens.value = descriptors.map { descriptor in
        loop.onReadable(fileDescriptor: descriptor) {
          log.note("\(descriptor)")
          for token in tokens.value { loop.cancel(token) }
        }
      }
      _ = loop.schedule(at: .now + .milliseconds(5)) { log.note("timer") }
    }
    #expect(await log.entries(atLeast: 2) == ["\(descriptors[0])", "timer"])
    await loop.end()
  }

  @Test func aCallbackMayAddSources() async throws {
    let loop = try EventLoop.started("adding")
    let log = LoopLog(loop)
    let pipe = Pipe()
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    try pipe.fileHandleForWriting.write(contentsOf: [1])
    try await loop.run {
      let tokens = Local<[EventLoop.Token]>([])
      tokens.value.append(
        loop.onReadable(fileDescriptor: descriptor) {
          log.note("first")
          loop.cancel(tokens.value[0])
          tokens.value.append(
            loop.onReadable(fileDescriptor: descriptor) {
              log.note("second")
              loop.cancel(tokens.value[1])
            })
        })
    }
    #expect(await log.entries(atLeast: 2) == ["first", "second"])
    await loop.end()
  }

  /// Sockets and work from other threads take turns; neither starves the other.
  @Test func workDoesNotStarveSockets() async throws {
    let loop = try EventLoop.started("fair")
    let log = LoopLog(loop)
    let pipe = Pipe()
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    let isDone = Local(false)
    @Sendable func again() {
      if !isDone.value { try? loop.execute { again() } }
    }
    try await loop.run {
      _ = loop.onReadable(fileDescriptor: descriptor) {
        var byte: UInt8 = 0
        if read(descriptor, &byte, 1) == 1 { log.note("read") }
        isDone.value = true
      }
      again()
    }
    try pipe.fileHandleForWriting.write(contentsOf: [1])
    #expect(await log.entries(atLeast: 1).first == "read")
    await loop.end()
  }
}
