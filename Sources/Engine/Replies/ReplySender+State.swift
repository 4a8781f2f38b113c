import Logging
import MartletWire
import MartletZeroMQ

extension ReplySender {
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
}

extension ReplySender.State {
  init(session: consuming Session, logger: Logger) {
    self.session = session
    self.logger = logger
  }

  /// Publishes that a request was started or answered, unless it asks for no `status` messages.
  mutating func publishStatus(_ state: ReplySender.ExecutionState, _ request: Request) {
    guard request.metadata.wantsStatus else { return }
    publish(MessageType.status, MessageType.status, content: state.content, header: request.message.headerBytes)
  }

  /// Whether a request has begun and not ended.
  func isRunning(_ request: Request) -> Bool {
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
  mutating func publish(_ text: StreamText<Bytes>) {
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
  mutating func publish(_ publication: Publication, header: Bytes) {
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
  mutating func send(_ reply: Reply, to request: Request, outputs: Int = 0, isFinal: Bool = true) {
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
  mutating func sendAgain(_ ids: Set<String>) {
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
