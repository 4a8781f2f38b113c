import MartletWire
import MartletZeroMQ

/// Runs the requests of the shell channel one at a time, in one task that lives as long as the engine.
struct RequestRunner: Sendable {
  let mailbox: RequestMailbox<Request>
  let apply: ApplyRunner
  let execute: ExecuteRunner
  let namespace: Namespace
  let writer: ReplyWriter
  let capture: OutputCapture<Bytes>?
  let sender: ReplySender

  /// A request larger than this, in bytes, is not kept while the runner is idle.
  private static let retainedSize = 65_536

  /// Runs requests until the mailbox is closed.
  func run() async {
    var executionCount = 0
    while let first = await mailbox.next() {
      var current = first
      while true {
        sender.begin(current)
        capture?.begin(current.message.headerBytes)
        let (reply, publications) = await perform(current, &executionCount)
        capture?.flush()
        sender.finish(current, reply, publications, capture)
        guard let next = mailbox.finish() else { break }
        current = next
      }
      // Output that comes later still belongs to this request. The header shares the memory of the whole message.
      if let capture, current.message.totalSize > Self.retainedSize {
        capture.begin(Bytes(current.message.headerBytes.array))
      }
    }
  }

  private func perform(_ request: Request, _ executionCount: inout Int) async -> (Reply, [Publication]) {
    let started = Timestamp.now
    switch request.type {
    case MessageType.applyRequest:
      do throws(RaisedError) {
        return (writer.ok(request, started: started, buffers: try await apply.run(request.message.buffers)), [])
      } catch {
        return (
          writer.failed(request, started: started, error: error, method: "apply"), [errorPublication(error)]
        )
      }
    case MessageType.executeRequest: return perform(execute: request, started: started, &executionCount)
    case MessageType.clearRequest:
      namespace.clear()
      return (writer.reply(request, started: started, content: ["status": "ok"]), [])
    case MessageType.kernelInfoRequest:
      return (writer.reply(request, started: started, content: KernelInfo.content), [])
    default: return (writer.failed(request, started: started, error: .unknown(request.type), method: nil), [])
    }
  }

  private func perform(
    execute request: Request, started: Timestamp, _ executionCount: inout Int
  ) -> (Reply, [Publication]) {
    var publications: [Publication] = []
    do throws(RaisedError) {
      let content = try Self.content(of: request)
      guard let code = content["code"]?.stringValue else {
        throw RaisedError("ValueError", "an execute_request needs 'code', a str")
      }
      let isSilent = content["silent"]?.boolValue ?? false
      if !isSilent {
        executionCount += 1
        publications.append(
          publication(MessageType.executeInput, ["code": .string(code), "execution_count": .int(executionCount)]))
      }
      if let value = try execute.run(code), !isSilent {
        publications.append(
          publication(
            MessageType.executeResult,
            [
              "execution_count": .int(executionCount), "data": ["text/plain": .string(value.representation)],
              "metadata": [:],
            ]))
      }
      let reply: JSONValue = [
        "status": "ok", "execution_count": .int(executionCount), "payload": [], "user_expressions": [:],
      ]
      return (writer.reply(request, started: started, content: reply), publications)
    } catch {
      publications.append(errorPublication(error))
      let extra: [String: JSONValue] = [
        "execution_count": .int(executionCount), "payload": [], "user_expressions": [:],
      ]
      return (
        writer.failed(request, started: started, error: error, method: "execute", extra: extra), publications
      )
    }
  }

  private static func content(of request: Request) throws(RaisedError) -> JSONValue {
    do {
      return try request.message.content()
    } catch {
      throw RaisedError("ValueError", error.reason)
    }
  }

  private func errorPublication(_ error: RaisedError) -> Publication {
    publication(MessageType.error, writer.errorContent(error))
  }

  private func publication(_ type: String, _ content: [String: JSONValue]) -> Publication {
    Publication(type: type, content: JSONValue.object(content).bytes.array)
  }
}
