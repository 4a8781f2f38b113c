import MartletWire
import MartletZeroMQ

/// Bookkeeping of relayed messages. The hub never reads buffers and never delays a message.
extension HubState {
  /// Handles a report of a relay or scheduler.
  mutating func monitor(_ event: consuming HubEvent, at now: Moment) {
    switch consume event {
    case .requested(let id, let queue, let engine, let size, let message):
      requested(id, queue, engine: engine, size: size, message)
    case .dispatched(let id, let engine): dispatched(id, engine: engine)
    case .returned(let id): requests.unassign(id, &engines)
    case .replied(let id, let sender, let message): replied(id, sender, message)
    case .answered(let id): answered(id, at: now)
    case .answersMissed: forgetPending()
    case .published(let type, let session, let message): published(type, session, message, at: now)
    case .heartsStarted(let uuids): for uuid in uuids { heartStarted(uuid, at: now) }
    case .heartsStopped(let uuids): for uuid in uuids { heartStopped(uuid, at: now) }
    }
  }

  private mutating func requested(
    _ id: String, _ queue: TaskRequest.Queue, engine uuid: String?, size: Int, _ message: RecordedMessage?
  ) {
    let isRecorded = message != nil && storeHasRoom
    switch queue {
    // A request to an unknown engine may never be answered, so it does not become pending.
    case .mux:
      if let uuid, let engine = engines.engine(uuid) {
        requests.enqueue(id, on: engine, size: size, isRecorded: isRecorded, &engines)
      }
    case .task: requests.assignLater(id, isRecorded: isRecorded)
    }
    guard let message else { return }
    guard isRecorded else { return noteDroppedRecord() }
    write(.request(TaskRequest(messageID: id, queue: queue, engineUUID: uuid, message: message)))
  }

  private mutating func dispatched(_ id: String, engine uuid: String) {
    guard let engine = engines.engine(uuid), requests.assign(id, to: engine, &engines) == true else { return }
    write(.engine(uuid, of: id))
  }

  private mutating func replied(_ id: String, _ sender: ReplySender, _ message: RecordedMessage?) {
    let settlement = requests.settle(id, &engines)
    if case .settled = settlement, !sender.isAborted, let uuid = sender.engine, let engine = engines.id(of: uuid) {
      engines[workOf: engine].complete(id)
    }
    guard let message, settlement.mayBeRecorded else { return }
    if storeHasRoom {
      write(.result(TaskResult(messageID: id, engineUUID: sender.engine, message: message)))
    } else {
      noteDroppedRecord()
      endWithoutResult(id, engine: sender.engine, at: message.received)
    }
  }

  /// Handles a reply whose content is unknown.
  private mutating func answered(_ id: String, at now: Moment) {
    guard requests.settle(id, &engines) == .settled(isRecorded: true) else { return }
    endWithoutResult(id, engine: nil, at: now.date)
  }

  /// Completes the record of a task whose result is lost. This is posted even if the task store's queue is full because
  /// it happens at most once per recorded request.
  private mutating func endWithoutResult(_ id: String, engine: String?, at date: Timestamp) {
    let error = HubError.runtime("task '\(id)' has ended, but the hub was too busy to record its result")
    write(.update(.failure(error, engine: engine, at: date), of: id))
  }

  /// Handles missed ends of tasks. It is unknown which tasks ended, so all pending ones become unknown, as if their
  /// records had been dropped for lack of memory.
  private mutating func forgetPending() {
    let ids = requests.forgetPending(&engines)
    guard !ids.isEmpty else { return }
    write(.drop(ids))
    act(.log(.requestsForgotten(count: ids.count)))
  }

  // MARK: - IOPub

  private mutating func published(_ type: String, _ session: String, _ message: RecordedMessage, at now: Moment) {
    if type == MessageType.shutdownReply {
      if let id = engines.id(of: session) { unregister(id, .left, at: now) }
      return
    }
    let parent = message.parentHeader.withSpan { try? MessageHeader.messageID(scanning: $0) }
    guard let id = parent, !id.isEmpty, let update = Self.output(type, message.content) else { return }
    guard storeHasRoom else { return noteDroppedRecord() }
    if !requests.isUnrecorded(id) { write(.output(update, of: id)) }
  }

  /// The types of IOPub messages that the hub reads: those that become part of a task's record, and the end of an engine.
  static let readOutput: Set<String> = [
    MessageType.stream, MessageType.error, MessageType.executeInput, MessageType.executeResult,
    MessageType.shutdownReply,
  ]

  /// The update that an IOPub message makes to its task's record, if any.
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
