import MartletWire

/// What a task requires of the engine that runs it.
struct ResourceDemand: Sendable, Hashable {
  var resources = Resources()
  /// Whether the task ends as impossible, rather than waits, when there are engines and none offers as much.
  var isUrgent = false
}
