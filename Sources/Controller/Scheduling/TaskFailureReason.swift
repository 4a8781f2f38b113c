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
