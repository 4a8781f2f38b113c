import Wire
import ZeroMQ

/// Records of what passes: the hub never looks into buffers and never delays a message.
extension HubState {
  /// A relay or scheduler reports something.
  mutating func monitor(_ event: HubEvent, now: ContinuousClock.Instant) {
    switch event {
    case .requested(let message, let engine): requested(message, engine: engine)
    case .dispatched(let id, let engine): dispatched(id, engine: engine)
    case .replied(let message, let parentID): replied(message, parentID)
    case .answered(let id): if settle(id) { completed.insert(id) }
    case .published(let message): published(message, now: now)
    case .heartsStarted(let uuids): for uuid in uuids { heartStarted(uuid) }
    case .heartsStopped(let uuids): for uuid in uuids { heartStopped(uuid, now: now) }
    }
  }

  private mutating func requested(_ message: MonitoredMessage, engine: String?) {
    let id = message.header.messageID
    let frames = message.frames
    switch message.queue {
    case .mux:
      // What nobody has is never answered and must not be waited for.
      guard let engine, let engineID = engines.idsByUUID[engine] else { return }
      move(id, to: engine)
      engines.work[engineID]?.queue.insert(id)
    case .task:
      expect(id)
      // A task that was sent twice may be with an engine already.
      if pending[id] == .some(nil) { unassigned.insert(id) }
    case .iopub: return
    }
    var record = TaskRecord(messageID: id)
    record.header = message.detached(message.layout.header)
    record.metadata = message.detached(message.layout.metadata)
    record.content = message.detached(message.layout.content)
    record.buffers = message.detachedBuffers
    record.submitted = message.header.date ?? .now
    record.clientUUID = message.header.session
    record.engineUUID = engine
    record.queue = message.queue.rawValue
    record.label = Self.label(frames[message.layout.metadata])
    add(record)
  }

  /// Adds a record, or completes one that IOPub output or a resubmission made before.
  private mutating func add(_ record: TaskRecord) {
    do {
      guard let existing = try? store.record(record.messageID) else {
        try store.add(record)
        return
      }
      var update = TaskRecordUpdate()
      update.header = record.header
      update.metadata = record.metadata
      update.content = record.content
      update.engineUUID = record.engineUUID
      update.queue = record.queue
      update.label = record.label
      // A resubmitted task keeps who submitted it and when, and its buffers, which are the same.
      if existing.buffers == nil { update.buffers = record.buffers }
      if existing.submitted == nil { update.submitted = record.submitted }
      if existing.clientUUID == nil { update.clientUUID = record.clientUUID }
      try store.update(record.messageID, update)
    } catch {
      storeFailed(record.messageID, error)
    }
  }

  private mutating func dispatched(_ id: String, engine: String) {
    guard pending[id] != nil, let engineID = engines.idsByUUID[engine] else { return }
    move(id, to: engine)
    engines.work[engineID]?.tasks.insert(id)
    var update = TaskRecordUpdate()
    update.engineUUID = engine
    save(id, update)
  }

  private mutating func replied(_ message: MonitoredMessage, _ id: String) {
    let facts = ReplyFacts(message.frames[message.layout.metadata])
    guard settle(id) else {
      // A reply that was expected no more, for example of an engine whose messages were ended as stranded.
      if completed.contains(id) { saveResult(message, id, facts) }
      return
    }
    completed.insert(id)
    if let engine = facts.engine, let engineID = engines.idsByUUID[engine], facts.status != "aborted" {
      engines.work[engineID]?.complete(id)
    }
    saveResult(message, id, facts)
  }

  private mutating func saveResult(_ message: MonitoredMessage, _ id: String, _ facts: ReplyFacts) {
    var update = TaskRecordUpdate()
    update.resultHeader = message.detached(message.layout.header)
    update.resultMetadata = message.detached(message.layout.metadata)
    update.resultContent = message.detached(message.layout.content)
    update.resultBuffers = message.detachedBuffers
    update.started = facts.started
    update.completed = message.header.date ?? .now
    update.received = .now
    if let engine = facts.engine { update.engineUUID = engine }
    save(id, update)
  }

  // MARK: - IOPub

  private mutating func published(_ message: MonitoredMessage, now: ContinuousClock.Instant) {
    let frames = message.frames
    if message.header.messageType == MessageType.shutdownReply {
      if let id = engines.idsByUUID[message.header.session] { unregister(id, now: now) }
      return
    }
    let parent = frames[message.layout.parentHeader].withSpan { try? MessageHeader.messageID(scanning: $0) }
    guard let id = parent, !id.isEmpty, let update = Self.output(message) else { return }
    do {
      if (try? store.record(id)) == nil { try store.add(TaskRecord(messageID: id)) }
      try store.update(id, update)
    } catch {
      storeFailed(id, error)
    }
  }

  /// What an IOPub message adds to its task's record, or nil for one that adds nothing.
  private static func output(_ message: MonitoredMessage) -> TaskRecordUpdate? {
    let bytes = message.detached(message.layout.content)
    guard let content = try? JSONValue.parse(bytes) else { return nil }
    var update = TaskRecordUpdate()
    switch message.header.messageType {
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

  /// The label in a request's metadata.
  private static func label(_ metadata: Bytes) -> String? {
    var label: String?
    metadata.withSpan { span in
      try? JSONFields.scan(span) { (key: JSONKey, value: Range<Int>) throws(WireError) in
        if key == "label" { label = try JSONText.optionalString(span, at: value) }
      }
    }
    return label
  }
}

/// What the hub reads in a reply's metadata.
private struct ReplyFacts {
  var engine: String?
  var status: String?
  var started: Timestamp?

  init(_ metadata: Bytes) {
    metadata.withSpan { span in
      try? JSONFields.scan(span) { (key: JSONKey, value: Range<Int>) throws(WireError) in
        switch key {
        case "engine": engine = try JSONText.optionalString(span, at: value)
        case "status": status = try JSONText.optionalString(span, at: value)
        case "started": started = try JSONText.optionalString(span, at: value).flatMap { Timestamp($0) }
        default: break
        }
      }
    }
  }
}
