import MartletWire

/// What a task requires of the engine that runs it.
struct ResourceDemand: Sendable, Hashable {
  var resources = Resources()
  /// How much of its time the engine must have left when it is given the task; `nil` for any.
  var time: Duration?
  /// Whether the task ends as impossible, rather than waits, when there are engines and none offers as much.
  var isUrgent = false

  /// What tasks have in common that are in the same queue: their times may differ.
  struct Kind: Sendable, Hashable {
    let resources: Resources
    let isTimed: Bool
    let isUrgent: Bool
  }

  /// The queue of the task.
  var kind: Kind { Kind(resources: resources, isTimed: time != nil, isUrgent: isUrgent) }
}
