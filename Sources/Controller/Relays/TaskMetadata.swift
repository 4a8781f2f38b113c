import MartletWire
import MartletZeroMQ

/// The fields of a task's metadata that concern the scheduler.
struct TaskMetadata {
  var targets: [EngineIdentity] = []
  var after = TaskDependency()
  var follow = TaskDependency()
  var timeout: Duration?
  /// `deadline`, Martlet's own key: when it is too late to start the task, by the system's clock.
  var deadline: Timestamp?
  var retries = 0
  /// `idempotent`, Martlet's own key: the task may run twice.
  var isIdempotent = false
  /// `retry_anywhere`, Martlet's own key: engines that failed the task may get it again even if it has a timeout.
  var retriesAnywhere = false
  /// `priority`, Martlet's own key: a queued task goes before those with a lower one.
  var priority: Int8 = 0
  /// `concurrency`, Martlet's own key: how many tasks of its kind may run at once on an engine.
  var concurrency: UInt16 = 1
  /// `requires`, Martlet's own key: what the engine has to offer.
  var requires = Resources()
  /// `time_request`, Martlet's own key: how much of its time the engine must have left.
  var timeRequest: Duration?
  /// `requires_now`, Martlet's own key: the task fails if there are engines and none of them has what it requires.
  var requiresNow = false
  /// `abort_on_disconnect`, Martlet's own key: the task is aborted if it is still queued when its client disconnects.
  var abortsOnDisconnect = false
  /// `resubmitted`, Martlet's own key: the client has sent the task before and doesn't know whether it arrived.
  var isRepeated = false

  /// Reads the metadata of a message.
  ///
  /// - Throws: as ``init(scanning:_:)``.
  init(of message: borrowing Multipart, _ layout: MessageLayout, _ lists: inout TargetLists) throws(WireError) {
    try self.init(scanning: message.bytes(at: layout.metadata), &lists)
  }

  /// Reads a metadata frame in one pass.
  ///
  /// - Parameter lists: keeps the targets.
  /// - Throws: ``WireError/Code/malformedJSON`` if the type of a field differs from what ipyparallel's clients send.
  init(scanning span: Span<UInt8>, _ lists: inout TargetLists) throws(WireError) {
    try JSONFields.scan(span) { key, value throws(WireError) in
      if JSONText.isEmptyContainer(span, at: value) { return }
      switch key {
      case "targets":
        targets = try lists.targets(span.extracting(value)) { () throws(WireError) in
          try Self.strings(span, at: value, key.string).map { EngineIdentity($0) }
        }
      case "after": after = try Self.dependency(span, at: value, key.string)
      case "follow": follow = try Self.dependency(span, at: value, key.string)
      case "timeout": timeout = try TaskTimeLimit.duration(span, at: value, key.string)
      case "deadline": deadline = try TaskTimeLimit.date(span, at: value, key.string)
      case "retries":
        guard let count = try JSONText.json(span, at: value).intValue else {
          throw WireError(.malformedJSON, "metadata retries is not a number")
        }
        retries = max(0, count)
      case "retry_anywhere": retriesAnywhere = JSONText.isTrue(span, at: value)
      case "priority" where !JSONText.isNull(span, at: value):
        guard let number = try JSONText.json(span, at: value).intValue else {
          throw WireError(.malformedJSON, "metadata priority is not an integer")
        }
        priority = Int8(min(max(number, -Self.priorityLimit), Self.priorityLimit))
      case "concurrency" where !JSONText.isNull(span, at: value):
        guard let number = try JSONText.json(span, at: value).intValue else {
          throw WireError(.malformedJSON, "metadata concurrency is not an integer")
        }
        concurrency = UInt16(min(max(number, 1), ConcurrencyLimit.value))
      case "requires" where !JSONText.isNull(span, at: value):
        requires = try Resources(json: JSONText.json(span, at: value), "metadata requires")
      case "time_request": timeRequest = try TaskTimeLimit.duration(span, at: value, key.string)
      case "requires_now": requiresNow = JSONText.isTrue(span, at: value)
      case "abort_on_disconnect": abortsOnDisconnect = JSONText.isTrue(span, at: value)
      case "idempotent": isIdempotent = JSONText.isTrue(span, at: value)
      case "resubmitted": isRepeated = JSONText.isTrue(span, at: value)
      // Engines read these.
      case "execution_timeout", "stop_grace": _ = try TaskTimeLimit.duration(span, at: value, key.string)
      case "original_msg_id": _ = try JSONText.optionalString(span, at: value)
      case "label" where !JSONText.isNull(span, at: value): _ = try JSONText.json(span, at: value)
      default: break
      }
    }
  }

  /// What the task requires of its engine; `nil` for nothing.
  var demand: ResourceDemand? {
    requires.isEmpty && timeRequest == nil
      ? nil : ResourceDemand(resources: requires, time: timeRequest, isUrgent: requiresNow)
  }

  private static let priorityLimit = 100

  /// A list of ids, or an object `{dependencies, all, success, failure}`.
  private static func dependency(
    _ span: Span<UInt8>, at range: Range<Int>, _ key: String
  ) throws(WireError) -> TaskDependency {
    if let plain = try? JSONText.plainStrings(span, at: range) { return TaskDependency(plain) }
    let json = try JSONText.json(span, at: range)
    guard case .object(let fields) = json else { return TaskDependency(try strings(json, key)) }
    return TaskDependency(
      try strings(fields["dependencies"] ?? [], key), all: fields["all"]?.boolValue ?? true,
      success: fields["success"]?.boolValue ?? true, failure: fields["failure"]?.boolValue ?? false)
  }

  private static func strings(
    _ span: Span<UInt8>, at range: Range<Int>, _ key: String
  ) throws(WireError) -> [String] {
    if let plain = try? JSONText.plainStrings(span, at: range) { return plain }
    return try strings(JSONText.json(span, at: range), key)
  }

  private static func strings(_ json: JSONValue, _ key: String) throws(WireError) -> [String] {
    if let one = json.stringValue { return [one] }
    let list = json.arrayValue ?? []
    let strings = list.compactMap(\.stringValue)
    guard json.arrayValue != nil, strings.count == list.count else {
      throw WireError(.malformedJSON, "metadata \(key) is not a list of ids")
    }
    return strings
  }
}

/// The fields of a reply's metadata that concern the scheduler.
struct ReplyMetadata {
  var outcome = TaskOutcome.ok
  var sender = ReplySender()
  /// The id of the client's request, in replies to broadcasts.
  var originalID = ""
  /// Which attempt at a task the reply is about; `nil` if it doesn't say.
  var attempt: Int?

  /// Reads the metadata of a message.
  ///
  /// - Throws: as ``init(scanning:from:)``.
  init(of message: borrowing Multipart, _ layout: MessageLayout, from peer: String? = nil) throws(WireError) {
    try self.init(scanning: message.bytes(at: layout.metadata), from: peer)
  }

  /// Reads a metadata frame in one pass.
  ///
  /// - Parameter peer: the sender of the reply. Where the metadata names the same engine, this string is reused.
  /// - Throws: ``WireError/Code/malformedJSON``.
  init(scanning span: Span<UInt8>, from peer: String? = nil) throws(WireError) {
    var isMet = true
    var status = "ok"
    try JSONFields.scan(span) { key, value throws(WireError) in
      switch key {
      case "status": status = try JSONText.optionalString(span, at: value) ?? "ok"
      case "dependencies_met": isMet = JSONText.isTrue(span, at: value)
      case "attempt": attempt = try JSONText.json(span, at: value).intValue
      case "original_msg_id": originalID = try JSONText.optionalString(span, at: value) ?? ""
      case "engine":
        if let peer, Self.isText(peer, span, at: value) {
          sender.engine = peer
        } else {
          sender.engine = try JSONText.optionalString(span, at: value)
        }
      default: break
      }
    }
    sender.isAborted = status == "aborted"
    switch status {
    case _ where !isMet: outcome = .unmetDependency
    case "ok": outcome = .ok
    case "aborted": outcome = .aborted
    case "returned": outcome = .returned
    default: outcome = .failed
    }
  }

  /// Whether a value is exactly this text, without escapes.
  private static func isText(_ text: String, _ span: Span<UInt8>, at range: Range<Int>) -> Bool {
    let utf8 = text.utf8.span
    guard range.count == utf8.count + 2, span[range.lowerBound] == 0x22 else { return false }
    let content = span.extracting(range.lowerBound + 1..<range.upperBound - 1)
    return content.equals(utf8) && !content.contains(below: 0, or: 0x5C, or: 0x5C)
  }
}
