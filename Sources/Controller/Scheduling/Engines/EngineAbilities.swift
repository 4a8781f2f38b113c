import MartletWire

/// What an engine says of itself when it registers, as far as it concerns the task scheduler.
struct EngineAbilities: Sendable, Hashable {
  /// Whether it returns tasks that wait behind a long one.
  var returnsTasks = false
  /// Whether it runs several tasks at once if these allow it.
  var isConcurrent = false
  /// What it offers to tasks that require something.
  var resources = Resources()
  /// When its time is over, as far as the controller knows; `nil` if it has no limit.
  var end: Instant?
}
