import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// Signs and sends requests on the caller's thread, so that no caller waits for the event loop to wake up.
final class Outbox: Sendable {
  private struct State: ~Copyable {
    var session: Session
    var sockets: [RequestChannel: SharedSocket] = [:]
    var outgoing = Multipart()
    /// Why it was closed.
    var closing: ClientError?

    init(session: consuming Session) { self.session = session }
  }

  private let state: Mutex<State>
  /// The replies that are waited for. They have a lock of their own, so that replies don't wait for signatures.
  private let outstanding = Mutex(OutstandingRequests<ResultSlot>())
  private let logger: Logger

  /// Makes an outbox, which refuses requests until ``open(_:)``.
  init(session: consuming sending Session, logger: Logger) {
    state = Mutex(State(session: session))
    self.logger = logger
  }

  /// Starts to accept requests.
  func open(_ sockets: [RequestChannel: SharedSocket]) { state.withLock { $0.sockets = sockets } }

  /// Refuses further requests with an error and releases the sockets.
  ///
  /// - Returns: the tasks that still wait for replies.
  func close(_ reason: ClientError) -> [ResultSlot] {
    state.withLock { state in
      state.closing = state.closing ?? reason
      state.sockets = [:]
    }
    return outstanding.withLock { $0.removeAll().map(\.context) }
  }

  /// Whether the outbox was closed.
  var isClosed: Bool { state.withLock { $0.closing != nil } }

  /// Signs and sends a request. If that is impossible, fails the tasks that wait for its replies.
  func send(_ request: Request) {
    let failures = state.withLock { Self.send(request, &$0, outstanding) }
    for (destination, error) in failures {
      if !(error is EngineError || error is ClientError) {
        logger.error("a request could not be sent", metadata: [LogKey.reason: "\(error)"])
      }
      destination.fail(error)
    }
  }

  /// Accesses the replies that are waited for.
  func withOutstanding<Output: Sendable>(_ body: (inout OutstandingRequests<ResultSlot>) -> Output) -> Output {
    outstanding.withLock { body(&$0) }
  }

  private static func send(
    _ request: Request, _ state: inout State, _ outstanding: borrowing Mutex<OutstandingRequests<ResultSlot>>
  ) -> [(ResultSlot, any Error)] {
    guard let socket = state.sockets[request.channel] else {
      let error = state.closing ?? .closed
      return request.expected.map { ($0.destination, error) }
    }
    let dead = outstanding.withLock { outstanding in
      request.expected.compactMap { expected in
        outstanding.add(expected.id, engines: expected.engines, context: expected.destination).map { engine in
          (expected.destination, EngineError(engineID: engine.id, engineUUID: engine.uuid, msgID: expected.id))
        }
      }
    }
    // If some of several engines are dead, the others still get the request.
    if !dead.isEmpty, request.expected.count == dead.count { return dead }
    if let target = request.target { state.outgoing.append(target) }
    state.session.append(
      to: &state.outgoing, type: request.type, id: request.id, metadata: request.metadata, content: request.content,
      buffers: request.buffers)
    defer { state.outgoing.removeAll() }
    do {
      guard try socket.send(&state.outgoing) == .sent else {
        throw ClientError(.sendFailed, "the \(request.channel) socket accepts no more messages")
      }
      return dead
    } catch {
      outstanding.withLock { for expected in request.expected { $0.giveUp(expected.id) } }
      return request.expected.map { ($0.destination, error) }
    }
  }
}
