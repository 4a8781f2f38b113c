import MartletWire
import MartletZeroMQ

/// Records of what passes: the hub never looks into buffers and never delays a message.
extension HubState {
  /// A relay or scheduler reports something.
  mutating func monitor(_ event: consuming HubEvent, now: ContinuousClock.Instant) {
    switch consume event {
    case .requested(let id, let queue, let engine, let message): requested(id, queue, engine: engine, message)
    case .dispatched(let id, let engine): dispatched(id, engine: engine)
    case .returned(let id): requests.unassign(id, &engines)
    case .replied(let id, let sender, let message): replied(id, sender, message)
    case .answered(let id): _ = requests.settle(id, &engines)
    case .published(let type, let session, let message): published(type, session, message, now: now)
    case .heartsStarted(let uuids): for uuid in uuids { heartStarted(uuid, now: now) }
    case .heartsStopped(let uuids): for uuid in uuids { heartStopped(uuid, now: now) }
    }
  }

  private mutating func requested(
    _ id: String, _ queue: TaskRequest.Queue, engine uuid: String?, _ message: RecordedMessage?
  ) {
    switch queue {
    // What is sent to an engine that isn't there may never be answered and must not be waited for.
    case .mux: if let uuid, let engine = engines.engine(uuid) { requests.enqueue(id, on: engine, &engines) }
    case .task: requests.assignLater(id)
    }
    guard let message else { return }
    save(id) { (store) throws(TaskStoreError) in
      try store.addRequest(TaskRequest(messageID: id, queue: queue, engineUUID: uuid, message: message))
    }
  }

  private mutating func dispatched(_ id: String, engine uuid: String) {
    guard let engine = engines.engine(uuid), requests.assign(id, to: engine, &engines) else { return }
    save(id) { (store) throws(TaskStoreError) in try store.setEngine(uuid, of: id) }
  }

  private mutating func replied(_ id: String, _ sender: ReplySender, _ message: RecordedMessage?) {
    let settlement = requests.settle(id, &engines)
    if settlement == .settled, !sender.isAborted, let uuid = sender.engine, let engine = engines.idsByUUID[uuid] {
      // A registered engine has its work; with a default the entry is changed in place.
      engines.work[engine, default: .init()].complete(id)
    }
    guard let message else { return }
    save(id) { (store) throws(TaskStoreError) in
      try store.setResult(TaskResult(messageID: id, engineUUID: sender.engine, message: message))
    }
  }

  // MARK: - IOPub

  private mutating func published(
    _ type: String, _ session: String, _ message: RecordedMessage, now: ContinuousClock.Instant
  ) {
    if type == MessageType.shutdownReply {
      if let id = engines.idsByUUID[session] { unregister(id, now: now) }
      return
    }
    let parent = message.parentHeader.withSpan { try? MessageHeader.messageID(scanning: $0) }
    guard let id = parent, !id.isEmpty, let update = Self.output(type, message.content) else { return }
    save(id) { (store) throws(TaskStoreError) in
      do throws(TaskStoreError) {
        try store.update(id, update)
      } catch {
        guard error.code == .notFound else { throw error }
        try store.add(TaskRecord(messageID: id))
        try store.update(id, update)
      }
    }
  }

  /// What an IOPub message adds to its task's record, or nil for one that adds nothing.
  private static func output(_ type: String, _ bytes: Bytes) -> TaskRecordUpdate? {
    guard let content = try? JSONValue.parse(bytes) else { return nil }
    var update = TaskRecordUpdate()
    switch type {
    case MessageType.stream:
      guard let text = content["text"]?.stringValue else { return nil }
      if content["name"]?.stringValue == "stderr" { update.appendStderr(text) } else { update.appendStdout(text) }
    case MessageType.error: update.error = bytes
    case MessageType.executeInput:
      guard let code = content["code"]?.stringValue else { return nil }
      update.executeInput = code
    case MessageType.executeResult: update.executeResult = bytes
    default: return nil
    }
    return update
  }
}
