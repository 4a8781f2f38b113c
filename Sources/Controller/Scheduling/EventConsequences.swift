/// What is left to do about an event before it is over.
struct EventConsequences {
  enum Step {
    /// The dependents of a task that has ended are told.
    case tellDependents(TaskHandle)
    /// A task is placed, unless it has ended or been dispatched meanwhile.
    case place(TaskHandle)
    /// Engines are served that may have waited for a task that has left its queue, though they have room for others.
    case serveHeldUp
  }

  /// Tasks that have ended and whose dependents have not been told.
  private var ended = WorkQueue<TaskHandle>()
  private var unplaced = WorkQueue<TaskHandle>()
  private var mayHaveHeldUpOthers = false

  /// Whether no task is left to be dealt with.
  var isEmpty: Bool { ended.isEmpty && unplaced.isEmpty }

  /// Whether a task has ended that others depend on, which have not been told.
  var hasEnded: Bool { !ended.isEmpty }

  /// A task has ended that others depend on.
  mutating func taskEnded(_ task: TaskHandle) { ended.append(task) }

  /// A task has to be placed.
  mutating func place(_ task: TaskHandle) { unplaced.append(task) }

  /// A task has left its queue for which engines may have waited that have room for others.
  mutating func taskHeldUpOthers() { mayHaveHeldUpOthers = true }

  /// Takes the next step; `nil` when nothing is left.
  mutating func next() -> Step? {
    if let task = ended.popFirst() { return .tellDependents(task) }
    if let task = unplaced.popFirst() { return .place(task) }
    guard mayHaveHeldUpOthers else { return nil }
    mayHaveHeldUpOthers = false
    return .serveHeldUp
  }
}
