/// An engine that was lost with a task it had begun, and what is known about it.
struct EngineLoss: Hashable, Sendable {
  let engine: EngineIdentity
  /// The integer id; `nil` if it is unknown.
  var id: Int?
  /// How it was lost, as a clause: "its heart stopped beating".
  var reason: String?
  /// How long the task had been the engine's oldest, which is the longest time it can have run.
  var duration: Duration?
  /// How many engines were lost while they ran the task, this one included.
  var count = 1
  /// Whether the task had retries left, and ends because of the number of engines it took.
  var isAtLimit = false
}
