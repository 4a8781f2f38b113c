import Foundation
import Logging
import MartletWire
import MartletZeroMQ
import Synchronization
import Testing

@testable import MartletClient

/// A connection delivers replies that arrive before bad news. The cluster shares the client's context, so its messages
/// arrive as soon as they are sent.
@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
  private static let count = 3000

  /// Delivers thousands of replies, then a notification, while the connection's loop is busy.
  private func outcomes(
    _ channel: RequestChannel, notification: (FakeCluster) async throws -> Void
  ) async throws -> [Result<TaskReply, any Error>?] {
    let cluster = try FakeCluster(inproc: true)
    try await cluster.start()
    let session = Session.randomID()
    let connection = try Connection(
      info: cluster.info, messageIDs: MessageIDs(session: session), logger: Logger(label: "test"))
    try connection.loop.start()
    try await connection.open(cluster.info, in: cluster.context, linger: .zero)
    connection.register([1: "engine-1"])
    try await wait("the subscription to notifications") {
      try await cluster.gain(2)
      return connection.directory.withLock { $0.engines.ids } == [1, 2]
    }

    let gate = DispatchSemaphore(value: 0)
    try connection.loop.execute { gate.wait() }
    let engine = RegisteredEngine(id: 1, uuid: "engine-1")
    let call = Call.apply("echo", [1])
    let states = (0..<Self.count).map { index in
      let (state, id) = (ResultState(total: 1, method: "echo"), "\(session)_\(index)")
      _ = state.begin(0, id: id, engines: [engine], outputs: 0)
      connection.send(
        Request(
          channel: channel, type: call.type, id: id, target: channel == .mux ? engine.frame : nil,
          buffers: call.buffers,
          expected: [ExpectedReply(id: id, engines: [engine], destination: ResultSlot(state: state, slot: 0))]))
      return state
    }
    try await wait("the replies") { await cluster.received.count == Self.count }
    try await notification(cluster)
    gate.signal()
    for state in states { try await state.wait(for: .all) }
    connection.shutDown(.closed)
    await cluster.stop()
    return states.map { state in state.storage.withLock { $0.tasks[0].outcome } }
  }

  private func successes(_ outcomes: [Result<TaskReply, any Error>?]) -> Int {
    outcomes.count { if case .success = $0 { true } else { false } }
  }

  @Test func repliesCountThoughTheirEngineHasLeft() async throws {
    let outcomes = try await outcomes(.mux) { try await $0.lose(1) }
    #expect(successes(outcomes) == Self.count)
  }

  @Test(arguments: [RequestChannel.mux, .task])
  func repliesCountThoughTheControllerShutsDown(_ channel: RequestChannel) async throws {
    let outcomes = try await outcomes(channel) { try await $0.announceShutdown() }
    #expect(successes(outcomes) == Self.count)
  }
}
