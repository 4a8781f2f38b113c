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

  /// What the mutex guards.
  struct State: ~Copyable {
    /// `nil` before the engine is registered and after ``ReplySender/close()``.
    var sockets: EngineSockets?
    var origin: MessageOrigin?
    var session: Session
    var outgoing = Multipart()
    /// The request that runs, and how many IOPub messages were sent about it, not counting `status`.
    var running: Request?
    var outputCount = 0
    /// The same numbers of requests that run beside others, by their headers.
    var besideCounts: [Bytes: Int] = [:]
    /// Replies that the controller may ask for again; `nil` if it doesn't.
    var recent: RecentReplies?
    let logger: Logger
    var sendFailures = LogThrottle()
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

extension ReplySender.State {
  init(session: consuming Session, logger: Logger) {
    self.session = session
    self.logger = logger
  }

  /// Publishes that a request was started or answered, unless it asks for no `status` messages.
  fileprivate mutating func publishStatus(_ state: ReplySender.ExecutionState, _ request: Request) {
    guard request.metadata.wantsStatus else { return }
    publish(MessageType.status, MessageType.status, content: state.content, header: request.message.headerBytes)
  }

  /// Whether a request has begun and not ended.
  fileprivate func isRunning(_ request: Request) -> Bool {
    running === request || !besideCounts.isEmpty && besideCounts[request.message.headerBytes] != nil
  }

  private mutating func countOutput(about header: Bytes) {
    if header == running?.message.headerBytes {
      outputCount += 1
    } else if !besideCounts.isEmpty {
      besideCounts[header]? += 1
    }
  }

  /// Publishes a piece of output.
  fileprivate mutating func publish(_ text: StreamText<Bytes>) {
    var content: [UInt8] = Array(#"{"name":"#.utf8)
    JSONString.append(text.name, to: &content)
    content.append(contentsOf: #","text":"#.utf8)
    JSONString.append(text.text, to: &content)
    content.append(0x7D)
    countOutput(about: text.owner)
    publish(MessageType.stream, text.name, content: content, header: text.owner)
  }

  /// Publishes a message about a request other than `status` and output.
  ///
  /// - Parameter header: the request's.
  fileprivate mutating func publish(_ publication: Publication, header: Bytes) {
    countOutput(about: header)
    publish(
      publication.type, publication.topic ?? publication.type, content: publication.content, header: header,
      metadata: publication.metadata, buffers: publication.buffers)
  }

  /// - Parameters:
  ///   - header: the request's header, which becomes the message's parent header.
  ///   - metadata: a JSON object with more than the engine's uuid; empty for none.
  private mutating func publish(
    _ type: String, _ topic: String, content: [UInt8], header: Bytes, metadata: [UInt8] = [], buffers: [Bytes] = []
  ) {
    guard let origin else { return }
    outgoing.append(origin.topic(topic))
    session.append(
      to: &outgoing, type: type, parent: header,
      metadata: metadata.isEmpty ? origin.metadata : origin.metadata(adding: metadata), content: content,
      buffers: buffers)
    do {
      try sockets?.iopub.send(&outgoing)
    } catch {
      sendFailures.log(
        .error, "publishing failed", to: logger, metadata: [LogKey.reason: "\(error)", LogKey.messageType: "\(type)"])
    }
    outgoing.removeAll()
  }

  /// Sends a reply.
  ///
  /// - Parameters:
  ///   - outputs: how many IOPub messages were sent about the request.
  ///   - isFinal: whether the task has ended.
  fileprivate mutating func send(_ reply: Reply, to request: Request, outputs: Int = 0, isFinal: Bool = true) {
    guard request.hasReply else { return }
    request.message.appendIdentities(to: &outgoing)
    session.append(
      to: &outgoing, type: request.replyType, parent: request.message.headerBytes,
      metadata: request.metadata.wantsStatus ? reply.metadata : reply.metadata(outputs: outputs),
      content: reply.content, buffers: reply.buffers)
    if isFinal, recent != nil, request.isTask {
      recent?.add(outgoing, to: request.message.header.messageID, attempt: request.metadata.attempt)
    }
    do {
      switch request.channel {
      case .shell: try sockets?.shell.send(&outgoing)
      case .control: try sockets?.control.send(&outgoing)
      }
    } catch {
      sendFailures.log(
        .error, "sending a reply failed", to: logger,
        metadata: [LogKey.reason: "\(error)", LogKey.messageID: "\(request.message.header.messageID)"])
    }
    outgoing.removeAll()
  }

  /// Sends replies again that were kept, each with the attempt that it is about: the scheduler may have got it, and have
  /// sent the task once more.
  fileprivate mutating func sendAgain(_ ids: Set<String>) {
    for reply in recent?.replies(to: ids) ?? [] {
      var kept = Multipart()
      for frame in reply.frames { kept.append(frame) }
      do {
        let layout = try MessageLayout(of: kept)
        for frame in reply.frames[..<layout.delimiter] { outgoing.append(frame) }
        session.append(
          to: &outgoing, header: reply.frames[layout.header].array, parent: reply.frames[layout.parentHeader],
          metadata: JSONFields.adding("\"attempt\":\(reply.attempt)", to: reply.frames[layout.metadata].array),
          content: reply.frames[layout.content].array, buffers: Array(reply.frames[layout.firstBuffer...]))
        try sockets?.shell.send(&outgoing)
      } catch {
        sendFailures.log(
          .error, "sending a reply again failed", to: logger, metadata: [LogKey.reason: "\(error)"])
      }
      outgoing.removeAll()
    }
  }
}
