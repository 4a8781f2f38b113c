import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// Signs and sends everything the engine sends except heartbeats: replies, IOPub messages, messages to the hub.
///
/// The runner sends its replies itself, without involving the I/O loop. The loop publishes the output of running
/// requests and answers requests that do not run. The mutex keeps the messages about one request in order.
final class ReplySender: Sendable {
  /// The states of a `status` message.
  enum ExecutionState: Sendable {
    case busy, idle

    private static let busyContent = Array(#"{"execution_state":"busy"}"#.utf8)
    private static let idleContent = Array(#"{"execution_state":"idle"}"#.utf8)

    var content: [UInt8] { self == .busy ? Self.busyContent : Self.idleContent }
  }

  private let state: Mutex<State>

  /// Creates a sender without sockets.
  ///
  /// - Parameter session: signs what is sent.
  init(session: consuming sending Session, logger: Logger) {
    state = Mutex(State(session: session, logger: logger))
  }

  /// Starts sending. Anything sent before is dropped.
  func open(_ sockets: EngineSockets, origin: MessageOrigin) {
    state.withLock { state in
      state.sockets = sockets
      state.origin = origin
    }
  }

  /// Signs with another key from now on.
  ///
  /// - Throws: `WireError` for an unknown signature scheme.
  func useKey(_ key: String, scheme: String) throws(WireError) {
    try state.withLock { (state) throws(WireError) in
      state.session = try Session(id: state.session.id, key: key, scheme: scheme, username: "engine")
    }
  }

  /// Keeps the latest replies from now on.
  func keepReplies() { state.withLock { $0.recent = $0.recent ?? RecentReplies() } }

  /// The ids of the tasks whose replies are kept, and the latest attempt at each; `nil` if none are.
  var keptReplies: [String: Int]? { state.withLock { $0.recent?.attempts } }

  /// Sends those replies to some tasks again that are kept.
  func sendAgain(_ ids: Set<String>) { state.withLock { $0.sendAgain(ids) } }

  /// Closes the sockets. Anything sent afterwards is dropped.
  func close() { state.withLock { $0.sockets.take()?.close() } }

  /// Writes a signed message to the hub, for a socket that the caller owns.
  func write(_ type: String, content: JSONValue, to message: inout Multipart) {
    state.withLock { state in
      state.session.append(
        to: &message, type: type, metadata: state.origin?.metadata ?? [], content: content.bytes.array)
    }
  }

  // MARK: - From the runner

  /// The runner starts a request.
  func begin(_ request: Request) {
    state.withLock { state in
      state.running = request
      state.outputCount = 0
      state.publishStatus(.busy, request)
    }
  }

  /// A request begins that runs beside others.
  func beginBeside(_ request: Request) {
    state.withLock { state in
      state.besideCounts[request.message.headerBytes] = 0
      state.publishStatus(.busy, request)
    }
  }

  /// Attributes output from now on to another request, and publishes that of the former one.
  ///
  /// - Returns: the former.
  func changeOwner(of capture: OutputCapture<Bytes>, to owner: Bytes?) -> Bytes? {
    capture.flush()
    return state.withLock { state in
      for text in capture.read() { state.publish(text) }
      return capture.exchangeOwner(owner)
    }
  }

  /// A request has ended: publishes the remaining output, then replies.
  func finish(
    _ request: Request, _ reply: Reply, _ publications: [Publication], _ capture: OutputCapture<Bytes>?
  ) {
    state.withLock { state in
      for text in capture?.rest() ?? [] { state.publish(text) }
      for publication in publications { state.publish(publication, header: request.message.headerBytes) }
      let isBeside = state.running !== request
      let count = isBeside ? state.besideCounts.removeValue(forKey: request.message.headerBytes) : state.outputCount
      state.send(reply, to: request, outputs: count ?? 0)
      state.publishStatus(.idle, request)
      if !isBeside { state.running = nil }
    }
  }

  /// Publishes a message of Python's, after what was printed before it.
  ///
  /// - Parameter header: that of the request it belongs to.
  func publish(_ publication: Publication, header: Bytes, after capture: OutputCapture<Bytes>?) {
    state.withLock { state in
      for text in capture?.read() ?? [] { state.publish(text) }
      state.publish(publication, header: header)
    }
  }

  // MARK: - From functions

  /// Publishes how far a request's function has come, unless it was said a moment ago.
  func publish(_ step: ProgressStep, about request: Request) {
    // One lock within the other, so that the steps are published in order, and none after the reply.
    state.withLock { state in
      guard state.isRunning(request), let step = request.progress.withLock({ $0.add(step, at: .now) }) else { return }
      state.publish(step.publication, header: request.message.headerBytes)
    }
  }

  /// Publishes what was held back.
  func publishLastProgress(of request: Request) {
    guard let step = request.progress.withLock({ $0.end() }) else { return }
    state.withLock { $0.publish(step.publication, header: request.message.headerBytes) }
  }

  // MARK: - From the I/O loop

  /// Publishes what the running request has written so far.
  func publishOutput(of capture: OutputCapture<Bytes>) {
    // The lock covers reading, too: the runner must not reply between reading and publishing.
    state.withLock { state in
      for text in capture.read() { state.publish(text) }
    }
  }

  /// Answers a request that does not run.
  func answer(_ request: Request, _ reply: Reply) {
    state.withLock { state in
      state.publishStatus(.busy, request)
      state.send(reply, to: request)
      state.publishStatus(.idle, request)
    }
  }

  /// Returns a task to the scheduler. Nothing is published, because the client is not to notice.
  func giveBack(_ request: Request, _ reply: Reply) {
    state.withLock { $0.send(reply, to: request, isFinal: false) }
  }

  /// Returns tasks, the latest first, because the scheduler puts each ahead of all others.
  func giveBack(_ tasks: [Request], _ writer: ReplyWriter) {
    for task in tasks.reversed() { giveBack(task, writer.returned(task)) }
  }

  /// Answers a request of a type that the engine doesn't support.
  func refuseUnknown(_ request: Request, _ writer: ReplyWriter) {
    // Any other message may be a reply or a notification, whose sender expects no answer.
    guard request.hasReply else { return }
    answer(request, writer.failed(request, started: .now, error: .unknown(request.type), method: nil))
  }

  /// Publishes a message about a request.
  ///
  /// - Parameter topic: what follows `engine.<id>.` in the topic frame.
  func publish(_ type: String, topic: String, content: [UInt8], parent: Request) {
    state.withLock {
      $0.publish(Publication(type: type, topic: topic, content: content), header: parent.message.headerBytes)
    }
  }
}
