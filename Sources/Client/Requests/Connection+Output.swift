import MartletWire
import MartletZeroMQ

extension Connection {
  /// Receives the output that has arrived, up to a batch.
  ///
  /// Each client receives the output of all engines. Messages for other clients are dropped before their signature is
  /// verified.
  func receiveOutput(_ socket: SharedSocket) {
    drain(socket, "iopub") { () throws(WireError) in try self.handleOutput() }
  }

  private func handleOutput() throws(WireError) {
    guard let id = try parentID(), let destination = outputDestination(of: id) else { return }
    let message = try session.take(&incoming)
    guard let event = try Self.event(message, id: id) else { return }
    if destination.state.addOutput(destination.slot, attempt: destination.attempt, event) { routes.remove(id) }
  }

  private func outputDestination(of id: String) -> ResultSlot? {
    guard let destination = outbox.withOutstanding({ $0.context(of: id) }), destination.collectsOutput else {
      return routes.destination(of: id)
    }
    return destination
  }

  private func parentID() throws(WireError) -> String? {
    try incoming.parentID(try MessageLayout(of: incoming))
  }

  /// The names and values in a `data_message`.
  private static func data(_ message: Message) throws(WireError) -> [String: PickleValue] {
    do throws(PickleError) {
      let pairs = try ResultBuffers.deserialize(message.buffers).value.dictValue?.pairs ?? []
      return pairs.reduce(into: [:]) { data, pair in
        if let name = pair.key.stringValue { data[name] = pair.value }
      }
    } catch {
      throw WireError(.malformedJSON, "the data that a task has published can't be read: \(error)")
    }
  }

  private static func event(_ message: Message, id: String) throws(WireError) -> TaskOutput.Event? {
    let content = try message.content()
    switch message.header.messageType {
    case MessageType.status: return content["execution_state"]?.stringValue == "idle" ? .idle : nil
    case MessageType.stream:
      guard let name = content["name"]?.stringValue, let source = OutputLine.Source(rawValue: name),
        let text = content["text"]?.stringValue
      else { throw WireError(.malformedJSON, "a stream message without name or text") }
      return .text(source, text)
    case MessageType.displayData: return .displayed(DisplayData(content))
    case MessageType.updateDisplayData: return .updated(DisplayData(content))
    case MessageType.executeResult: return .executeResult(DisplayData(content))
    case MessageType.executeInput: return content["code"]?.stringValue.map { .executeInput($0) }
    case MessageType.error:
      return .error(
        RemoteError(
          ename: content["ename"]?.stringValue ?? "Error", evalue: content["evalue"]?.stringValue ?? "",
          traceback: TaskReply.traceback(content), engineUUID: (try message.metadata())["engine"]?.stringValue,
          msgID: id))
    case MessageType.dataMessage: return .data(try data(message))
    default: return .other
    }
  }
}
