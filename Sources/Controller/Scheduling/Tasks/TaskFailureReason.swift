/// Why the scheduler itself ends a task.
enum TaskFailureReason: Hashable, Sendable {
  /// A dependency names the task itself, an id never seen, or one finished so long ago that it is forgotten.
  case invalidDependency
  /// A dependency or the targets can no longer be met.
  case impossibleDependency
  /// The task waited longer than its timeout.
  case taskTimeout
  /// The task's deadline passed before it could start.
  case deadlinePassed
  /// The engine was lost while it ran the task, which is not tried again.
  case engineLost(EngineLoss)
  /// The engine has answered a later request but never this task, which is not tried again. With the engine's integer id.
  case unanswered(EngineIdentity, id: Int?)
  /// The task was aborted while queued, or its client vanished.
  case aborted
  /// The task was not accepted because of the limit of the queue.
  case queueFull(QueueLimit.Excess)

  /// Whether it is how an attempt at the task has ended, rather than why there is no other one.
  var isAboutAttempt: Bool {
    switch self {
    case .engineLost, .unanswered: true
    case .invalidDependency, .impossibleDependency, .taskTimeout, .deadlinePassed, .aborted, .queueFull: false
    }
  }
}
