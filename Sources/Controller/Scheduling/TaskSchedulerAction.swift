/// What the driver of a ``TaskSchedulerState`` has to do.
enum TaskSchedulerAction<Payload> {
  /// Send the task to an engine.
  case dispatch(Payload, taskID: String, engine: EngineIdentity)
  /// Send an engine's reply to the client.
  case deliver(Payload, taskID: String, engine: EngineIdentity)
  /// Answer the submission (the payload) with an error of the scheduler's own.
  case fail(Payload, taskID: String, TaskFailureReason)
  /// Count a reply for a task that is not pending on that engine; the reply is dropped.
  case unknownReply(taskID: String, engine: EngineIdentity)
  /// Drop a submission whose id is still in flight.
  case duplicate(Payload, taskID: String)
}

extension TaskSchedulerAction: Sendable where Payload: Sendable {}
extension TaskSchedulerAction: Equatable where Payload: Equatable {}

/// Why the scheduler itself ends a task.
enum TaskFailureReason: Hashable, Sendable {
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
  /// The task was not accepted because of the limit of the queue.
  case queueFull(QueueLimit.Excess)
}
