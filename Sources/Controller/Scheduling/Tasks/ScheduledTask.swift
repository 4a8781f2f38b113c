/// Where a task is in its life.
enum TaskPhase: UInt8 {
  /// Between two places within one event: neither queued nor on an engine. No task is unplaced between events.
  case unplaced
  /// Can't run yet: its dependencies are open, or no engine may take it before its timeout.
  case waiting
  /// In the queue of tasks that any engine may take.
  case ready
  /// In the queue of tasks that any engine outside their blacklists may take.
  case excluded
  /// In the queue of tasks that any engine may take that has what they require.
  case demanding
  /// In the queue of a group of engines.
  case grouped
  /// Dispatched to an engine, which has not replied.
  case pending
  /// Ended with status `ok`.
  case succeeded
  /// Ended with an error, or aborted.
  case failed

  /// Whether no engine has the task and it has not ended.
  var isQueued: Bool {
    switch self {
    case .unplaced, .waiting, .ready, .excluded, .demanding, .grouped: true
    case .pending, .succeeded, .failed: false
    }
  }

  var isFinished: Bool { self == .succeeded || self == .failed }
}

/// A task. The record is small: what most tasks lack is in ``TaskConstraints``.
struct ScheduledTask<Payload>: DirectoryRecord, ListElement {
  typealias Tag = TaskTag

  let id: String
  let hash: UInt32
  /// The lane that the task is in, if it is in one.
  @Packed var lane: LaneHandle? = nil
  /// `nil` once the task has ended.
  var payload: Payload?
  /// The bytes that count against the limit of the queue.
  let size: Int
  /// Orders the queues, and grows each time the task is queued; on an engine the number of its dispatch.
  var sequence = 0
  var phase = TaskPhase.unplaced
  /// The higher goes first.
  let priority: Int8
  /// The two below, in as little memory as one.
  private let concurrencyAndIdempotence: UInt16
  /// How often the task was given to an engine that kept it.
  private(set) var attempt: UInt16 = 0
  /// How often it may still be tried again after a failure; negative if never, even if it may run twice.
  var retries: Int16
  /// Links of the list the task is in: a queue, its engine's pending tasks, or the history.
  var links = ListLinks<TaskTag>()
  /// Links of the list of its client's queued tasks.
  var clientLinks = ListLinks<TaskTag>()
  /// The client that submitted the task; `nil` once the task has ended.
  @Packed var client: ClientHandle? = nil
  @Packed private var engineHandle: EngineHandle? = nil
  private var registration: UInt32 = 0
  @Packed var constraints: ConstraintsHandle? = nil
  /// The ends of the list of edges to the tasks that depend on this one.
  @Packed var firstDependent: EdgeHandle? = nil
  @Packed var lastDependent: EdgeHandle? = nil

  /// The engine the task is or was on. Computed from two fields, because reading an optional structure would copy the
  /// whole record.
  var engine: EngineToken? {
    get {
      guard let engineHandle else { return nil }
      return EngineToken(engine: engineHandle, registration: registration)
    }
    set {
      engineHandle = newValue?.engine
      registration = newValue?.registration ?? 0
    }
  }

  /// How many tasks of its kind may run at once on an engine.
  var concurrency: UInt16 { concurrencyAndIdempotence >> 1 }
  /// Whether it may run twice.
  var isIdempotent: Bool { concurrencyAndIdempotence & 1 == 1 && retries >= 0 }

  init(
    id: String, hash: UInt32, payload: Payload?, size: Int, retries: Int16, client: ClientHandle? = nil,
    priority: Int8 = 0, concurrency: UInt16 = 1, isIdempotent: Bool = false
  ) {
    self.id = id
    self.hash = hash
    self.payload = payload
    self.size = size
    self.retries = retries
    self.client = client
    self.priority = priority
    concurrencyAndIdempotence = min(concurrency, .max >> 1) << 1 | (isIdempotent ? 1 : 0)
  }

  /// Notes that the task is not to be tried again, whatever happens.
  mutating func runsNoMore() { retries = -1 }

  mutating func queued(as phase: TaskPhase, sequence: Int) {
    self.phase = phase
    self.sequence = sequence
  }

  /// Notes the engine that has the task. Returns what is dispatched; read by itself it would be copied with the record.
  mutating func dispatched(to token: EngineToken) -> (id: String, payload: Payload?, attempt: Int) {
    phase = .pending
    engine = token
    attempt = min(attempt, .max - 1) + 1
    return (id, payload, Int(attempt))
  }

  /// Notes how often the task was given to an engine by an earlier controller.
  mutating func restored(attempt: UInt16) { self.attempt = attempt }

  /// Notes that the engine has returned the task, and has forgotten it.
  mutating func returned() { attempt = max(attempt, 1) - 1 }

  /// Notes the end of the task; only what dependents need to know is kept. Returns the client it belonged to.
  mutating func finish(success: Bool) -> ClientHandle? {
    defer { client = nil }
    phase = success ? .succeeded : .failed
    payload = nil
    return client
  }
}

extension ScheduledTask: Sendable where Payload: Sendable {}
