import Foundation
import Synchronization
import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct SharedSocketTests {
  /// Counts the messages received on a shared socket, a few per call.
  private actor Counter {
    private let loop: EventLoop
    private let socket: SharedSocket
    private var message = Multipart()
    private var token: EventLoop.Token?
    private var received = 0
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    init(_ loop: EventLoop, _ socket: SharedSocket) {
      self.loop = loop
      self.socket = socket
    }

    func start() {
      token = loop.onReadable(socket) { [self] in
        assumeIsolated { counter in
          for _ in 0..<3 {
            guard (try? counter.socket.receive(into: &counter.message)) == true else { return }
            counter.count()
          }
        }
      }
    }

    func stop() {
      if let token { loop.cancel(token) }
      token = nil
    }

    func wait(for count: Int) async {
      if received >= count { return }
      await withCheckedContinuation { waiting = (count, $0) }
    }

    private func count() {
      received += 1
      guard let waiting, received >= waiting.count else { return }
      self.waiting = nil
      waiting.continuation.resume()
    }
  }

  /// A send consumes libzmq's signal that messages have arrived. Unless notified, the loop would leave them unread.
  @Test(arguments: [Transport.inproc, .ipc, .tcp]) func noMessageIsMissedWhileOthersSend(
    _ transport: Transport
  ) async throws {
    let count = 20_000
    let loop = try EventLoop.started("shared")
    let context = try Context()
    let bound = try Socket(context, .dealer)
    let endpoint = try bound.bind(transport.freeEndpoint)
    let shared = try SharedSocket(bound)
    let counter = Counter(loop, shared)
    await counter.start()
    let peer = Thread {
      do {
        let socket = try Socket(context, .dealer)
        try socket.connect(endpoint)
        var message = Multipart()
        var rest = count
        for _ in 0..<count {
          message.append(Bytes("to the loop"))
          _ = try socket.send(&message)
          while try socket.receive(into: &message) { rest -= 1 }
        }
        while rest > 0, try socket.receive(into: &message, timeout: patience) { rest -= 1 }
      } catch {
        Issue.record(error)
      }
    }
    peer.start()
    let sender = Task.detached {
      var message = Multipart()
      for _ in 0..<count {
        message.append(Bytes("to the peer"))
        while try shared.send(&message) != .sent { await Task.yield() }
      }
    }
    await counter.wait(for: count)
    try await sender.value
    await counter.stop()
    await loop.end()
  }

  @Test func sendsAndReceivesNothingAfterItsEnd() async throws {
    let loop = try EventLoop.started("shared")
    let context = try Context()
    let bound = try Socket(context, .dealer)
    let endpoint = try bound.bind(Transport.inproc.freeEndpoint)
    let shared = try SharedSocket(bound)
    let counter = Counter(loop, shared)
    await counter.start()
    await counter.stop()
    let client = try Socket(context, .dealer)
    try client.connect(endpoint)
    try client.send("unheard")
    var message = Multipart()
    message.append(Bytes("sent all the same"))
    #expect(try shared.send(&message) == .sent)
    #expect(shared.hasUnsignalledMessages())
    await loop.end()
  }
}
