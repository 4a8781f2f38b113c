import Logging
import Wire
import ZeroMQ

extension EngineDriver {
  /// The most messages one look at a socket takes, so that no socket starves another.
  private static let batch = 64

  func readShell() {
    do {
      for _ in 0..<Self.batch {
        guard try sockets?.shell.receive(into: &incoming) ?? false else { return }
        accept(.shell)
      }
    } catch {
      logger.error("receiving failed", metadata: .engine([.error: "\(error)", .channel: "shell"]))
    }
  }

  func readControl() {
    do {
      for _ in 0..<Self.batch {
        guard try sockets?.control.receive(into: &incoming) ?? false else { return }
        accept(.control)
      }
    } catch {
      logger.error("receiving failed", metadata: .engine([.error: "\(error)", .channel: "control"]))
    }
  }

  private func accept(_ channel: Request.Channel) {
    do throws(WireError) {
      let message = try session.take(&incoming)
      let request = Request(message: message, metadata: try RequestMetadata(message.metadataBytes), channel: channel)
      switch channel {
      case .shell: handleShell(request)
      case .control: try handleControl(request)
      }
    } catch {
      reject(error, channel: channel.rawValue)
    }
  }

  private func handleShell(_ request: Request) {
    switch request.type {
    case MessageType.applyRequest, MessageType.executeRequest, MessageType.kernelInfoRequest:
      follow(desk.add(request, id: request.message.header.messageID))
    default: refuseUnknown(request)
    }
  }

  private func handleControl(_ request: Request) throws(WireError) {
    switch request.type {
    case MessageType.abortRequest:
      let ids = try Self.abortedIDs(try request.message.content())
      publishStatus(.busy, request)
      for aborted in desk.abort(ids) { sendAborted(aborted) }
      answer(request, content: ["status": "ok"])
    case MessageType.clearRequest: follow(desk.addNext(request))
    case MessageType.shutdownRequest:
      let restart = try request.message.content()["restart"]?.boolValue ?? false
      let content: JSONValue = ["status": "ok", "restart": .bool(restart)]
      publishStatus(.busy, request)
      answer(request, content: content)
      publish("shutdown_reply", topic: "shutdown", content: content.bytes.array, parent: request)
      leave(.shutdown)
    case MessageType.kernelInfoRequest:
      publishStatus(.busy, request)
      answer(request, content: KernelInfo.content)
    default: refuseUnknown(request)
    }
  }

  /// The ids of an `abort_request`: a list, or one as text; nil for all requests that wait.
  private static func abortedIDs(_ content: JSONValue) throws(WireError) -> [String]? {
    switch content["msg_ids"] {
    case nil, .null: return nil
    case .string(let id): return id.isEmpty ? nil : [id]
    case .array(let values):
      let ids = values.compactMap(\.stringValue)
      guard ids.count == values.count else {
        throw WireError(.malformedJSON, "msg_ids of an abort_request are no texts")
      }
      return ids.isEmpty ? nil : ids
    default: throw WireError(.malformedJSON, "msg_ids of an abort_request are no list")
    }
  }

  private func follow(_ arrival: ShellQueue<Request>.Arrival) {
    switch arrival {
    case .run(let request):
      if isRunning { upcoming.append(request) } else { begin(request) }
    case .wait: break
    case .aborted(let request): sendAborted(request)
    }
  }

  /// The worker is done with a request.
  func complete(_ completion: Completion) {
    for text in completion.output { publish(text) }
    for publication in completion.publications {
      publish(publication.type, content: publication.content, parent: completion.request)
    }
    send(completion.reply, to: completion.request, outputs: outputCount)
    publishStatus(.idle, completion.request)
    isRunning = false
    if let next = completion.next ?? upcoming.popFirst() { begin(next) }
  }

  private func begin(_ request: Request) {
    isRunning = true
    begun += 1
    outputCount = 0
    publishStatus(.busy, request)
  }

  /// Publishes what the running task has written so far.
  func publishOutput() {
    for text in capture?.read(begun: begun) ?? [] { publish(text) }
  }

  private func sendAborted(_ request: Request) {
    guard let writer else { return }
    publishStatus(.busy, request)
    send(writer.aborted(request), to: request)
    publishStatus(.idle, request)
  }

  private func answer(_ request: Request, content: JSONValue) {
    guard let identity else { return }
    send(Reply(content: content.bytes.array, metadata: identity.metadata), to: request)
    publishStatus(.idle, request)
  }

  private func refuseUnknown(_ request: Request) {
    reject(WireError(.unknown, "message type \(request.type)"), channel: request.channel.rawValue)
    // Anything else may be a reply or a notification, which nobody waits for an answer to.
    guard request.type.hasSuffix("_request"), let writer else { return }
    publishStatus(.busy, request)
    send(writer.failed(request, started: .now, error: .unknown(request.type), method: nil), to: request)
    publishStatus(.idle, request)
  }

  private var writer: ReplyWriter? {
    identity.map { ReplyWriter(engineID: $0.id, engineUUID: $0.uuid) }
  }

  /// Sends a reply.
  ///
  /// - Parameter outputs: how many IOPub messages there were about the request.
  private func send(_ reply: Reply, to request: Request, outputs: Int = 0) {
    outgoing.removeAll()
    for identity in request.message.identities { outgoing.append(identity) }
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
        metadata: .engine([.error: "\(error)", .messageID: "\(request.message.header.messageID)"]))
    }
  }
}
