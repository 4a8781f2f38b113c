/// What an engine's reply says about its task.
enum TaskOutcome: Hashable, Sendable {
  /// The task succeeded.
  case ok
  /// The task raised an error; it is tried again while retries remain.
  case failed
  /// The engine doesn't meet a functional dependency (`dependencies_met` is false). The task is tried elsewhere; its
  /// retries are untouched.
  case unmetDependency
  /// The engine aborted the task; it is never tried again.
  case aborted
  /// The engine has not begun the task, which waited behind a long one, and has forgotten it.
  case returned
}
