import MartletWire
import MartletZeroMQ

/// Replies the controller makes in place of an engine, when a task could not run or its engine died.
enum SchedulerReply {
  /// The metadata and content of a reply.
  struct Parts {
    var metadata: JSONValue = [:]
    var content: JSONValue
  }

  /// The reply to a task that failed before an engine could answer.
  static func failure(_ reason: TaskFailureReason, taskID: String) -> Parts {
    switch reason {
    case .invalidDependency: error("InvalidDependency", "a dependency of task \(taskID) is unknown or the task itself")
    case .impossibleDependency:
      error("ImpossibleDependency", "the dependencies or targets of task \(taskID) can't be met any more")
    case .unmetDemand(let lack): error("ImpossibleDependency", "task \(taskID) can't run: \(lack)")
    case .taskTimeout: error("TaskTimeout", "task \(taskID) waited longer than its timeout for an engine")
    case .demandTimeout(let lack):
      error("TaskTimeout", "task \(taskID) waited longer than its timeout for an engine: \(lack)")
    case .deadlinePassed: error("TaskTimeout", "the deadline of task \(taskID) passed before it could start")
    case .engineLost(let loss): engineLost(loss, taskID: taskID)
    case .unanswered(let engine, let id): unanswered(engine, id: id, taskID: taskID)
    case .queueFull(.tasks):
      error(
        "QueueFull",
        "task \(taskID) was refused because too many tasks are in flight: wait for results before submitting more, or "
          + "raise TaskScheduler.queue_tasks")
    case .queueFull(.bytes):
      error(
        "QueueFull",
        "task \(taskID) was refused because the tasks in flight have too many bytes: wait for results before submitting "
          + "more, or raise TaskScheduler.queue_bytes")
    case .aborted:
      Parts(metadata: ["status": "aborted", "engine": ""], content: ["status": "aborted"])
    }
  }

  /// The reply in place of an engine that was lost before it answered. The error's class and the beginning of its text are
  /// those that ipyparallel's client makes itself in such a case.
  static func engineLost(_ loss: EngineLoss, taskID: String) -> Parts {
    var text = "Engine \(loss.id.map { "\($0)" } ?? "'\(loss.engine)'") died while running task '\(taskID)'"
    if let duration = loss.duration {
      text += ", which it began \(seconds(duration)) s before at the earliest"
    }
    if let reason = loss.reason { text += ": \(reason)" }
    if loss.count > 1 { text += "; \(loss.count) engines died while they ran it" }
    if loss.isAtLimit { text += ", so it is not tried again (TaskScheduler.crash_limit)" }
    if loss.id != nil { text += " (the engine's uuid is \(loss.engine))" }
    return error("EngineError", text, engine: loss.engine)
  }

  /// The reply in place of an engine that answered a later request but not the task.
  private static func unanswered(_ engine: EngineIdentity, id: Int?, taskID: String) -> Parts {
    error(
      "TaskLost",
      "engine \(id.map { "\($0)" } ?? "'\(engine)'") answered a later request but never task '\(taskID)': it refused the "
        + "task, or task or reply were lost on the way", engine: engine)
  }

  /// The reply to a task that the scheduler does not accept.
  static func refused(_ reason: WireError, taskID: String) -> Parts {
    error("ValueError", "task '\(taskID)' was refused: \(reason.reason)")
  }

  private static func error(_ ename: String, _ evalue: String, engine: EngineIdentity) -> Parts {
    var parts = error(ename, evalue)
    parts.metadata = ["status": "error", "engine": .string(engine.rawValue), "date": .string(Timestamp.now.text)]
    return parts
  }

  private static func error(_ ename: String, _ evalue: String) -> Parts {
    Parts(content: ErrorContent.json(ename: ename, evalue: evalue))
  }

  /// A duration in seconds with one decimal.
  private static func seconds(_ duration: Duration) -> String {
    let tenths = Int(duration / .milliseconds(100))
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// Appends a reply to a message that holds the identities.
  static func append(
    _ parts: Parts, to message: inout Multipart, request: HeldMessage, session: inout Session
  ) {
    append(
      parts, to: &message, requestType: request.messageType, header: request.frames.shared(request.layout.header),
      session: &session)
  }

  /// Appends a reply to a request of this type and header to a message that holds the identities.
  static func append(
    _ parts: Parts, to message: inout Multipart, requestType type: String, header: Bytes, session: inout Session
  ) {
    let replyType = type.hasSuffix("_request") ? type.dropLast("_request".count) + "_reply" : "apply_reply"
    session.append(
      to: &message, type: String(replyType), parent: header, metadata: parts.metadata.bytes.array,
      content: parts.content.bytes.array)
  }

  /// Takes a reply that was appended to a message, which is left empty.
  static func held(_ message: inout Multipart) -> HeldMessage? {
    guard let layout = try? MessageLayout(of: message), let metadata = try? ReplyMetadata(of: message, layout) else {
      return nil
    }
    return HeldMessage(taking: &message, layout: layout, sender: metadata.sender)
  }

  /// Reports a reply to the hub before it is sent.
  static func report(_ message: borrowing Multipart, taskID: String, to hub: Hub) {
    guard let layout = try? MessageLayout(of: message),
      let metadata = try? ReplyMetadata(of: message, layout)
    else { return hub.report(.answered(taskID: taskID)) }
    hub.report(.replied(taskID: taskID, metadata.sender, hub.record(message, layout)))
  }
}
