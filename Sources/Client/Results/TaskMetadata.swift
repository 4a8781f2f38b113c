import MartletWire

/// What is known of one task.
public struct TaskMetadata: Sendable, Hashable {
  /// How a task ended.
  public enum Status: String, Sendable, Hashable {
    /// Not sent yet: it waits for room in a bounded map.
    case waiting
    /// Sent, not done.
    case pending
    case ok
    case error
    case aborted
  }

  /// The request's id; empty before it was sent.
  public var msgID: String
  /// How it ended, if it did.
  public var status: Status
  /// The text the caller gave it.
  public var label: String?
  /// When the client sent it.
  public var submitted: Timestamp?
  /// When the engine began, by the engine's clock.
  public var started: Timestamp?
  /// When the engine was done, by the engine's clock.
  public var completed: Timestamp?
  /// When the client got the reply.
  public var received: Timestamp?
  /// The engine that ran it.
  public var engineID: Int?
  /// The engine's uuid.
  public var engineUUID: String?
  /// What it printed and displayed so far.
  public var output: TaskOutput
  /// Whether the engine has published all output.
  public var isOutputComplete: Bool
  /// Why it failed.
  public var error: String?

  /// How long the engine worked on it, in seconds.
  public var serialTime: Double? {
    guard let started, let completed else { return nil }
    return completed.seconds(since: started)
  }

  init(_ task: ResultState.TaskRecord, output: TaskOutput?, method: String, label: String?, engineID: (String) -> Int?)
  {
    msgID = task.id
    self.label = label
    submitted = task.submitted
    engineUUID = task.engines.count == 1 ? task.engines.first?.uuid : nil
    self.engineID = task.engines.count == 1 ? task.engines.first?.id : nil
    self.output = output ?? TaskOutput()
    isOutputComplete = task.outcome != nil && task.pendingOutputs == 0
    switch task.outcome {
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
