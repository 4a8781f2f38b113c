import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// The engine's sockets for work, and everything that is sent on them.
///
/// The worker sends replies itself, without a detour over the I/O loop; the loop publishes the output of
/// running tasks and answers what does not run. The mutex keeps the messages about a request in order.
final class EngineOutlet: Sendable {
  /// The states of a `status` message.
  enum ExecutionState: Sendable {
    case busy, idle

    private static let busyContent = Array(#"{"execution_state":"busy"}"#.utf8)
    private static let idleContent = Array(#"{"execution_state":"idle"}"#.utf8)

    var content: [UInt8] { self == .busy ? Self.busyContent : Self.idleContent }
  }

  /// What the mutex guards.
  struct State: ~Copyable {
    /// `nil` before the engine is registered and when it is closed.
    var sockets: EngineSockets?
    var identity: EngineIdentity?
    var session: Session
    var outgoing = Multipart()
    /// The request that runs, and how many IOPub messages there were about it, besides those about its status.
    var running: Request?
    var outputCount = 0
    let logger: Logger
  }

  private let state: Mutex<State>

  /// An outlet without sockets.
  ///
  /// - Parameter session: signs what is sent.
  init(session: consuming sending Session, logger: Logger) {
    state = Mutex(State(session: session, logger: logger))
  }

  /// Begins to work: what was to be sent before was dropped.
  func open(_ sockets: EngineSockets, identity: EngineIdentity) {
    state.withLock { state in
      state.sockets = sockets
      state.identity = identity
    }
  }

  /// Closes the sockets: what is sent from now on is dropped.
  func close() { state.withLock { $0.sockets.take()?.close() } }

  /// The header of a message to the hub.
  func header(_ type: String) -> [UInt8] {
    state.withLock { $0.session.header(type: type, id: $0.session.nextMessageID()) }
  }

  // MARK: - From the worker

  /// The worker begins with a request.
  func begin(_ request: Request) {
    state.withLock { state in
      state.running = request
      state.outputCount = 0
      state.publishStatus(.busy, request)
    }
  }

  /// The worker is done with a request: publishes the rest of the output, then replies.
  func finish(
    _ request: Request, _ reply: Reply, _ publications: [Publication], _ capture: OutputCapture<Request>?
  ) {
    state.withLock { state in
      for text in capture?.rest() ?? [] { state.publish(text) }
      for publication in publications {
        state.publish(publication.type, content: publication.content, parent: request)
      }
      state.send(reply, to: request, outputs: state.outputCount)
      state.publishStatus(.idle, request)
      state.running = nil
    }
  }

  // MARK: - From the loop

  /// Publishes what the running task has written so far.
  func publishOutput(of capture: OutputCapture<Request>) {
    // Reading, too: the worker must not reply between that and publishing.
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

  /// Returns a task to the scheduler: for its client nothing has happened.
  func giveBack(_ request: Request, _ reply: Reply) { state.withLock { $0.send(reply, to: request) } }

  /// Answers a request of a type that engines in Swift don't know.
  func refuseUnknown(_ request: Request, _ writer: ReplyWriter) {
    // Anything else may be a reply or a notification, which nobody waits for an answer to.
    guard request.type.hasSuffix("_request") else { return }
    answer(request, writer.failed(request, started: .now, error: .unknown(request.type), method: nil))
  }

  /// Publishes a message about a request, see ``State/publish(_:topic:content:parent:)``.
  func publish(_ type: String, topic: String, content: [UInt8], parent: Request) {
    state.withLock { $0.publish(type, topic: topic, content: content, parent: parent) }
  }
}

extension EngineOutlet.State {
  init(session: consuming Session, logger: Logger) {
    self.session = session
    self.logger = logger
  }

  /// Publishes that a request has begun or is answered, unless its sender does not want to know.
  fileprivate mutating func publishStatus(_ state: EngineOutlet.ExecutionState, _ request: Request) {
    guard request.metadata.wantsStatus else { return }
    publish(MessageType.status, content: state.content, parent: request)
  }

  /// Publishes a piece of output.
  fileprivate mutating func publish(_ text: StreamText<Request>) {
    var content: [UInt8] = Array(#"{"name":"#.utf8)
    appendJSONString(text.name, to: &content)
    content.append(contentsOf: #","text":"#.utf8)
    appendJSONString(text.text, to: &content)
    content.append(0x7D)
    publish(MessageType.stream, topic: text.name, content: content, parent: text.owner)
  }

  /// Publishes a message about a request.
  ///
  /// - Parameter topic: what follows `engine.<id>.` in the topic frame; by default the type.
  fileprivate mutating func publish(_ type: String, topic: String? = nil, content: [UInt8], parent: Request) {
    guard let identity else { return }
    if type != MessageType.status, parent === running { outputCount += 1 }
    outgoing.append(identity.topic(topic ?? type))
    session.append(
      to: &outgoing, type: type, parent: parent.message.headerBytes, metadata: identity.metadata, content: content)
    do {
      try sockets?.iopub.send(&outgoing)
    } catch {
      logger.error("publishing failed", metadata: [LogKey.reason: "\(error)", LogKey.messageType: "\(type)"])
    }
    outgoing.removeAll()
  }

  /// Sends a reply.
  ///
  /// - Parameter outputs: how many IOPub messages there were about the request.
  fileprivate mutating func send(_ reply: Reply, to request: Request, outputs: Int = 0) {
    request.message.appendIdentities(to: &outgoing)
    session.append(
      to: &outgoing, type: request.replyType, parent: request.message.headerBytes,
      metadata: request.metadata.wantsStatus ? reply.metadata : reply.metadata(outputs: outputs),
      content: reply.content, buffers: reply.buffers)
    do {
      switch request.channel {
      case .shell: try sockets?.shell.send(&outgoing)
      case .control: try sockets?.control.send(&outgoing)
      }
    } catch {
      logger.error(
        "a reply could not be sent",
        metadata: [LogKey.reason: "\(error)", LogKey.messageID: "\(request.message.header.messageID)"])
    }
    outgoing.removeAll()
  }
}
