/// Why the scheduler itself ends a task. Small, as there is room for one in each action: what is large and rare is apart.
enum TaskFailureReason: Hashable, Sendable {
  /// A dependency names the task itself, an id never seen, or one finished so long ago that it is forgotten.
  case invalidDependency
  /// A dependency or the targets can no longer be met.
  case impossibleDependency
  /// No engine that may run the task offers what it requires, and it doesn't wait for one. With this as a clause.
  case unmetDemand(String)
  /// The task waited longer than its timeout.
  case taskTimeout
  /// The task waited longer than its timeout, and no engine that may run it offers what it requires. With this as a clause.
  case demandTimeout(String)
  /// The task's deadline passed before it could start.
  case deadlinePassed
  /// The engine was lost while it ran the task, which is not tried again.
  indirect case engineLost(EngineLoss)
  /// The engine has answered a later request but never this task, which is not tried again. With the engine's integer id.
  indirect case unanswered(EngineIdentity, id: Int?)
  /// The task was aborted while queued, or its client vanished.
  case aborted
  /// The task was not accepted because of the limit of the queue.
  case queueFull(QueueLimit.Excess)

  /// Whether it is how an attempt at the task has ended, rather than why there is no other one.
  var isAboutAttempt: Bool {
    switch self {
    case .engineLost, .unanswered: true
    case .invalidDependency, .impossibleDependency, .unmetDemand, .taskTimeout, .demandTimeout, .deadlinePassed,
      .aborted, .queueFull:
      false
    }
  }
}
