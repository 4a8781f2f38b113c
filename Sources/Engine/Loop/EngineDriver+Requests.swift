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
      for aborted in desk.abort(ids) { answerAborted(aborted) }
      answer(request, content: ["status": "ok"])
    case MessageType.clearRequest: follow(desk.addNext(request))
    case MessageType.shutdownRequest:
      let restart = try request.message.content()["restart"]?.boolValue ?? false
      let content: JSONValue = ["status": "ok", "restart": .bool(restart)]
      answer(request, content: content)
      outlet.publish("shutdown_reply", topic: "shutdown", content: content.bytes.array, parent: request)
      leave(.shutdown)
    case MessageType.kernelInfoRequest:
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
    if case .aborted(let request) = arrival { answerAborted(request) }
  }

  private func answerAborted(_ request: Request) {
    if let writer { outlet.answer(request, writer.aborted(request)) }
  }

  private func answer(_ request: Request, content: JSONValue) {
    guard let identity else { return }
    outlet.answer(request, Reply(content: content.bytes.array, metadata: identity.metadata))
  }

  private func refuseUnknown(_ request: Request) {
    reject(WireError(.unknown, "message type \(request.type)"), channel: request.channel.rawValue)
    // Anything else may be a reply or a notification, which nobody waits for an answer to.
    guard request.type.hasSuffix("_request"), let writer else { return }
    outlet.answer(request, writer.failed(request, started: .now, error: .unknown(request.type), method: nil))
  }

  private var writer: ReplyWriter? {
    identity.map { ReplyWriter(engineID: $0.id, engineUUID: $0.uuid) }
  }
}
