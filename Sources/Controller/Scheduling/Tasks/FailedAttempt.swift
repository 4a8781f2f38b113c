/// A failed attempt at a task that was tried again: the client is told of it if the task fails in the end.
struct FailedAttempt: Hashable, Sendable {
  /// Why an attempt has failed.
  enum Cause: Hashable, Sendable {
    /// The engine has replied with this error.
    case error(name: String, text: String)
    /// The scheduler has given the attempt up.
    case ended(TaskFailureReason)
  }

  /// Its number among the attempts, from 1.
  let number: Int
  let engine: EngineIdentity
  let time: Instant
  let cause: Cause

  /// How many of a task are kept: the latest.
  static let limit = 16
}
