import MartletWire

/// Decides what follows when an attempt at a task has failed. A value without I/O.
struct RetryState: Sendable {
  let policy: RetryPolicy
  /// When it is too late to start the task.
  var deadline: Timestamp?
  /// Whether the task can only run on one engine.
  var isBound = false

  /// How long to wait before the next attempt.
  ///
  /// - Parameters:
  ///   - error: what the last attempt has thrown.
  ///   - failures: how many attempts have failed, this one included.
  ///   - random: a random number from 0 to 1.
  /// - Returns: `nil` if the error is the end of the task.
  func delay(after error: any Error, failures: Int, now: Timestamp, random: Double) -> Duration? {
    guard failures < policy.attempts, !Self.isFinal(error), !(isBound && error is EngineError), policy.when(error)
    else { return nil }
    let delay = policy.backoff.delay(after: failures, random: random)
    if let deadline, now.advanced(by: delay) >= deadline { return nil }
    return delay
  }

  /// Whether another attempt is against somebody's will or can't go better.
  static func isFinal(_ error: any Error) -> Bool {
    switch error {
    case is TaskAborted, is CancellationError: return true
    case let error as RemoteError: return finalNames.contains(error.ename)
    case let error as ClientError: return error.code != .controllerLost && error.code != .sendFailed
    default: return false
    }
  }

  /// Whether an error says that somebody has ended a task, which earlier failures have nothing to do with.
  static func isEnd(_ error: any Error) -> Bool {
    switch error {
    case is TaskAborted, is CancellationError: true
    case let error as RemoteError: stopNames.contains(error.ename)
    case let error as ClientError: error.code == .closed
    default: false
    }
  }

  /// What engines report of tasks that were told to stop.
  private static let stopNames: Set = ["CancellationError", "KeyboardInterrupt"]
  private static let finalNames = stopNames.union(["TypeError"])
}
