/// Where a task is in its life.
enum TaskPhase: UInt8 {
  /// The slot holds no task.
  case free
  /// Not runnable yet: dependencies are open, or no engine can take it before its timeout.
  case waiting
  /// In the queue of tasks any engine may take.
  case ready
  /// In the queue of tasks any engine outside their blacklists may take.
  case excluded
  /// In the queue of a group of engines.
  case grouped
  /// Sent to an engine.
  case pending
  case succeeded
  case failed

  var isQueued: Bool {
    switch self {
    case .waiting, .ready, .excluded, .grouped: true
    case .free, .pending, .succeeded, .failed: false
    }
  }

  var isFinished: Bool { self == .succeeded || self == .failed }
}

/// A task, kept small: whatever most tasks lack lives in ``TaskConstraints``. Indices are -1 where there is nothing.
struct ScheduledTask<Payload>: SlotRecord {
  var id: String
  /// Nil once the task has ended.
  var payload: Payload?
  /// Grows each time the task is queued; orders the queues.
  var sequence = 0
  var hash: UInt32
  var phase = TaskPhase.waiting
  var retries: Int32
  /// Links of the list the task is in: a queue, an engine's pending tasks, or the finished ones.
  var links = ListLinks()
  /// Links of the list of its client's queued tasks.
  var clientLinks = ListLinks()
  var client: Int32 = -1
  /// The engine the task runs or ran on.
  var engine: EngineToken?
  var constraints: Int32 = -1
  /// The edges to the tasks that depend on this one.
  var firstDependent: Int32 = -1
  var lastDependent: Int32 = -1
}

extension ScheduledTask: Sendable where Payload: Sendable {}

extension SlotTable {
  mutating func appendToClient<Payload>(
    _ slot: Int32, list: inout TaskList
  ) where Record == ScheduledTask<Payload> {
    list.append(slot) { $1(&self[$0].clientLinks) }
  }

  mutating func unlinkFromClient<Payload>(
    _ slot: Int32, list: inout TaskList
  ) where Record == ScheduledTask<Payload> {
    list.unlink(self[slot].clientLinks) { $1(&self[$0].clientLinks) }
  }
}
