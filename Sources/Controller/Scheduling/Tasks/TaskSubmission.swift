/// A task as the scheduler sees it: what its header and metadata say, and the message itself as an opaque payload.
struct TaskSubmission<Payload> {
  /// The `msg_id`.
  var id: String
  /// The message, handed back in the actions that concern the task.
  var payload: Payload
  /// The bytes of the message, which count against the limit of the queue.
  var size = 0
  /// The engines the task may run on; empty for any.
  var targets: [EngineIdentity] = []
  /// What must have ended before the task starts.
  var after = TaskDependency()
  /// What must have ended on the engine the task runs on.
  var follow = TaskDependency()
  /// What the task requires of its engine; `nil` for nothing.
  var demand: ResourceDemand?
  /// How long the task may wait for an engine each time it is queued; `nil` or zero for any length of time.
  var timeout: Duration?
  /// When it is too late to start the task; `nil` if it never is.
  var deadline: Instant?
  /// The higher goes first.
  var priority: Int8 = 0
  /// How many tasks of its kind may run at once on an engine.
  var concurrency: UInt16 = 1
  /// How many times a failed task is dispatched again.
  var retries = 0
  /// Whether the task may run twice, so that it needs no retry when its engine is lost with it.
  var isIdempotent = false
  /// Whether engines that failed the task may get it again even if it has a timeout and no targets.
  var retriesAnywhere = false
  /// Whether the client has submitted the task before and doesn't know whether it arrived.
  var isRepeated = false
  /// The session of the submitting client.
  var client = ""

  /// Whether nothing restricts when and where the task runs.
  @inline(__always)
  var isUnrestricted: Bool {
    targets.isEmpty && after.ids.isEmpty && follow.ids.isEmpty && timeout == nil && deadline == nil
      && demand == nil
  }
}

extension TaskSubmission: Sendable where Payload: Sendable {}
