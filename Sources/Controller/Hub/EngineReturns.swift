import DequeModule

/// The engines of an earlier controller that have to register again, and the tasks of it that they may have.
struct EngineReturns {
  /// By the engines' uuids.
  private var tasks: [String: Set<String>] = [:]
  /// The engines that are awaited, and until when.
  private var awaited = Deque<(deadline: Instant, uuid: String)>()

  /// When ``popDue(by:)`` has an engine next.
  var nextDeadline: Instant? { awaited.first?.deadline }

  /// Sets the tasks that engines may have, by their uuids.
  mutating func expect(_ tasks: [String: Set<String>]) { self.tasks = tasks }

  /// Awaits an engine.
  mutating func add(_ uuid: String, until deadline: Instant) { awaited.append((deadline, uuid)) }

  /// Whether an engine may have tasks.
  func mayHaveTasks(_ uuid: String) -> Bool { tasks[uuid] != nil }

  /// Those of the tasks that an engine has or has answered whose replies were lost with the earlier controller, if they
  /// were sent; `nil` if it was given none.
  func missing(of uuid: String, among held: some Sequence<String>) -> Set<String>? {
    tasks[uuid]?.intersection(held)
  }

  /// Removes an engine whose time is over. It may have come back. The tasks are forgotten with the last of them.
  mutating func popDue(by now: Instant) -> String? {
    guard let first = awaited.first, first.deadline <= now else { return nil }
    awaited.removeFirst()
    if awaited.isEmpty { tasks = [:] }
    return first.uuid
  }
}
