/// What a journal has to know about a task.
enum TaskChange: Hashable, Sendable {
  /// The scheduler has accepted it.
  case accepted
  /// It is about to be given to an engine, or was taken from one and is queued again.
  case placed(TaskPlacement)
  /// It ends. The action that answers it comes next.
  case ended(isSuccess: Bool)
}
