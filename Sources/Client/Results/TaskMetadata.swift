import MartletWire

/// When and where a task ran and how it ended.
public struct TaskMetadata: Sendable, Hashable {
  /// The states of a task.
  public enum Status: String, Sendable, Hashable {
    /// Not sent yet: the window of its map is full.
    case waiting
    /// Sent and unfinished.
    case pending
    /// Finished successfully.
    case ok
    /// Failed.
    case error
    /// Aborted before it started.
    case aborted
    /// Finished and read. A map with more chunks than its window keeps nothing else of such tasks.
    case read
  }

  /// The request's id; empty before the task is sent.
  public var msgID: String
  /// The task's state.
  public var status: Status
  /// The text the caller attached to the task.
  public var label: String?
  /// When the client sent the task.
  public var submitted: Timestamp?
  /// When the engine started the task, by the engine's clock.
  public var started: Timestamp?
  /// When the engine finished the task, by the engine's clock.
  public var completed: Timestamp?
  /// When the client received the reply.
  public var received: Timestamp?
  /// The id of the engine that ran the task.
  public var engineID: Int?
  /// The unique name of the engine that ran the task.
  public var engineUUID: String?
  /// What the task has printed and displayed so far.
  public var output: TaskOutput
  /// Whether all output has arrived.
  public var isOutputComplete: Bool
  /// A description of the error that made the task fail.
  public var error: String?

  /// How long the engine worked on the task; `nil` until it has finished.
  public var serialTime: Duration? {
    guard let started, let completed else { return nil }
    return completed - started
  }

  init(_ task: TaskState, output: TaskOutput?, method: String, label: String?, engineID: (String) -> Int?) {
    msgID = task.id
    self.label = label
    submitted = task.submitted
    engineUUID = task.engines.count == 1 ? task.engines.first?.uuid : nil
    self.engineID = task.engines.count == 1 ? task.engines.first?.id : nil
    self.output = output ?? TaskOutput()
    isOutputComplete = task.outcome != nil && task.pendingOutputs == 0
    switch task.outcome {
    case .failure where task.isRead: status = .read
    case nil: status = task.submitted == nil ? .waiting : .pending
    case .failure(let failure):
      status = failure is TaskAborted ? .aborted : .error
      error = "\(failure)"
    case .success(let reply):
      status = Status(rawValue: reply.status) ?? .error
      received = reply.received
      completed = reply.date
      let metadata = reply.metadata
      started = metadata["started"]?.stringValue.flatMap { Timestamp($0) }
      self.label = label ?? metadata["label"]?.stringValue
      if let uuid = metadata["engine"]?.stringValue {
        engineUUID = uuid
        self.engineID = engineID(uuid) ?? self.engineID
      }
      error = reply.failure(id: task.id, method: method, engineID: engineID).map { "\($0)" }
    }
  }
}
