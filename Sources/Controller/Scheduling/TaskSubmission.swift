/// A task as the scheduler sees it: what its header and metadata say, and the message itself as an opaque payload.
public struct TaskSubmission<Payload> {
  /// The `msg_id`.
  public var id: String
  /// The message, handed back in the actions that concern the task.
  public var payload: Payload
  /// The engines the task may run on; empty means any.
  public var targets: [EngineIdentity]
  /// What must have ended before the task starts.
  public var after: TaskDependency
  /// What must have ended on the engine the task runs on.
  public var follow: TaskDependency
  /// How long the task may wait for an engine each time it is queued; nil means for ever.
  public var timeout: Duration?
  /// How many times a failed task is sent to another engine.
  public var retries: Int
  /// The session of the submitting client.
  public var client: String

  /// Makes a submission; only the id and the payload are required.
  public init(
    id: String, payload: Payload, targets: [EngineIdentity] = [], after: TaskDependency = .init(),
    follow: TaskDependency = .init(), timeout: Duration? = nil, retries: Int = 0, client: String = ""
  ) {
    self.id = id
    self.payload = payload
    self.targets = targets
    self.after = after
    self.follow = follow
    self.timeout = timeout
    self.retries = retries
    self.client = client
  }
}

extension TaskSubmission: Sendable where Payload: Sendable {}

/// What an engine's reply says of its task.
public enum TaskOutcome: Hashable, Sendable {
  /// The task returned.
  case ok
  /// The task raised an error; it is retried while retries remain.
  case failed
  /// The engine does not meet a functional dependency (`dependencies_met` is false): tried elsewhere, retries untouched.
  case unmetDependency
  /// The engine aborted the task; never retried.
  case aborted
  /// The engine has not begun the task, which waited behind a long one, and has forgotten it.
  case returned
}

/// Why the scheduler itself ends a task.
public enum TaskFailureReason: Hashable, Sendable {
  /// A dependency names the task itself, an id never seen, or one finished so long ago that it is forgotten.
  case invalidDependency
  /// A dependency or the targets can no longer be met.
  case impossibleDependency
  /// The task waited longer than its timeout.
  case taskTimeout
  /// The engine died while running the task, and no retries remain.
  case engineDied(EngineIdentity)
  /// The task was aborted while queued, or its client vanished.
  case aborted
}
