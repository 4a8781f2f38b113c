import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// Signs and sends requests, on the thread of whoever makes them: nobody waits for a loop to wake up.
final class Outbox: Sendable {
  private struct State: ~Copyable {
    var session: Session
    var sockets: [RequestChannel: SharedSocket] = [:]
    var outgoing = Multipart()
    var isClosed = false

    init(session: consuming Session) { self.session = session }
  }

  private let state: Mutex<State>
  /// The replies that are waited for. A lock of its own, so that replies don't wait for signatures.
  private let outstanding = Mutex(OutstandingRequests<Destination>())
  private let logger: Logger

  /// An outbox without sockets.
  init(session: consuming sending Session, logger: Logger) {
    state = Mutex(State(session: session))
    self.logger = logger
  }

  /// Begins to send.
  func open(_ sockets: [RequestChannel: SharedSocket]) { state.withLock { $0.sockets = sockets } }

  /// Refuses further requests and lets go of the sockets.
  ///
  /// - Returns: who waits for replies.
  func close() -> [Destination] {
    state.withLock { state in
      state.isClosed = true
      state.sockets = [:]
    }
    return outstanding.withLock { $0.removeAll().map(\.context) }
  }

  /// Whether requests are refused.
  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Sends a request, or fails who waits for its replies.
  func submit(_ request: Request) {
    let failures = state.withLock { Self.send(request, &$0, outstanding) }
    for (destination, error) in failures {
      if !(error is EngineError || error is ClientError) {
        logger.error("a request could not be sent", metadata: [LogKey.reason: "\(error)"])
      }
      destination.fail(error)
    }
  }

  /// Does something with the replies that are waited for.
  func withOutstanding<Output: Sendable>(_ body: (inout OutstandingRequests<Destination>) -> Output) -> Output {
    outstanding.withLock { body(&$0) }
  }

  private static func send(
    _ request: Request, _ state: inout State, _ outstanding: borrowing Mutex<OutstandingRequests<Destination>>
  ) -> [(Destination, any Error)] {
    guard let socket = state.sockets[request.channel] else {
      return request.expected.map { ($0.destination, ClientError.closed) }
    }
    let dead = outstanding.withLock { outstanding in
      request.expected.compactMap { expected in
        outstanding.add(expected.id, engines: expected.engines, context: expected.destination).map { engine in
          (expected.destination, EngineError(engineID: engine.id, engineUUID: engine.uuid, msgID: expected.id))
        }
      }
    }
    // With one engine of several dead the others still have to be asked.
    if !dead.isEmpty, request.expected.count == dead.count { return dead }
    if let target = request.target { state.outgoing.append(target) }
    state.session.append(
      to: &state.outgoing, type: request.type, id: request.id, metadata: request.metadata, content: request.content,
      buffers: request.buffers)
    defer { state.outgoing.removeAll() }
    do {
      guard try socket.send(&state.outgoing) == .sent else {
        throw ClientError(.sendFailed, "the \(request.channel) socket takes no more messages")
      }
      return dead
    } catch {
      outstanding.withLock { for expected in request.expected { $0.giveUp(expected.id) } }
      return request.expected.map { ($0.destination, error) }
    }
  }
}
