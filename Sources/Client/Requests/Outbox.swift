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
    /// Whether requests that can be sent again are kept.
    var keepsRequests = false
    /// Why no request is accepted while the controller is lost.
    var refusal: ClientError?

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

  /// Signs with another key from now on.
  ///
  /// - Throws: `WireError` for an unknown scheme.
  func useKey(_ key: String, scheme: String) throws(WireError) {
    try state.withLock { (state) throws(WireError) in
      state.session = try Session(id: state.session.id, key: key, scheme: scheme)
    }
  }

  /// Refuses further requests with an error.
  func refuse(_ error: ClientError) { state.withLock { $0.refusal = error } }

  /// Accepts requests again, after a change that nobody sees before requests are accepted.
  func accept(after change: () -> Void) {
    state.withLock { state in
      change()
      state.refusal = nil
    }
  }

  /// Keeps requests that can be sent again, because the controller has a journal.
  func keepRequests(_ isWanted: Bool) { state.withLock { $0.keepsRequests = isWanted } }

  /// Sends an outstanding request again that the controller never had.
  ///
  /// - Parameter coverage: for how many seconds the controller knows all tasks that it has had.
  /// - Returns: whether it was sent: if not, the controller may have had it.
  func sendAgain(_ id: String, coverage: Double) -> Bool {
    state.withLock { state in
      guard let kept = outstanding.withLock({ $0.kept(id) }), let socket = state.sockets[kept.request.channel],
        kept.isCovered(by: coverage, at: .now)
      else { return false }
      let request = kept.again
      state.session.append(
        to: &state.outgoing, type: request.type, id: request.id, metadata: request.metadata, content: request.content,
        buffers: request.buffers)
      defer { state.outgoing.removeAll() }
      return (try? socket.send(&state.outgoing)) == .sent
    }
  }

  /// Whether requests are refused because the controller is lost.
  var isRefusing: Bool { state.withLock { $0.refusal != nil } }

  /// Stops waiting for all replies.
  ///
  /// - Returns: the tasks that waited for them.
  func giveUpAll() -> [ResultSlot] { outstanding.withLock { $0.giveUpAll() } }

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

  /// Sends a question that nobody waits for, even while requests are refused.
  func sendPing(_ request: Request) {
    state.withLock { state in
      guard let socket = state.sockets[request.channel] else { return }
      state.session.append(to: &state.outgoing, type: request.type, id: request.id)
      // If it can't be sent, the next one may be.
      _ = try? socket.send(&state.outgoing)
      state.outgoing.removeAll()
    }
  }

  /// Accesses the replies that are waited for.
  func withOutstanding<Output: Sendable>(_ body: (inout OutstandingRequests<ResultSlot>) -> Output) -> Output {
    outstanding.withLock { body(&$0) }
  }

  private static func send(
    _ request: Request, _ state: inout State, _ outstanding: borrowing Mutex<OutstandingRequests<ResultSlot>>
  ) -> [(ResultSlot, any Error)] {
    if let error = state.closing ?? state.refusal { return request.expected.map { ($0.destination, error) } }
    guard let socket = state.sockets[request.channel] else {
      return request.expected.map { ($0.destination, ClientError.closed) }
    }
    let kept = state.keepsRequests && request.isRepeatable ? KeptRequest(request) : nil
    let dead = outstanding.withLock { outstanding in
      let kept = kept.flatMap { outstanding.keptBytes + $0.size <= KeptRequest.limit ? $0 : nil }
      return request.expected.compactMap { expected in
        outstanding.add(
          expected.id, on: request.channel, engines: expected.engines, context: expected.destination, kept: kept
        ).map { engine in
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
