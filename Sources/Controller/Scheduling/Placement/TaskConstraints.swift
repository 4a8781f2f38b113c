/// What restricts when and where a task runs.
struct TaskConstraints<Payload> {
  // In an order that leaves few gaps: there may be a million of them.

  /// The engines the task may run on; empty for any.
  let targets: [EngineIdentity]
  let timeout: Duration?
  /// Whether engines that failed the task may get it again, timeout or not.
  private let retriesAnywhere: Bool
  /// Whether there is a timeout or a deadline: most have none, and it takes time to look at these.
  let isTimed: Bool
  /// Whether a task named by `follow` ended without an engine.
  private var followIsNowhere = false

  // Kept up to date instead of computed, because calling a getter of a record in a slab would copy the record.

  /// Whether `after` is met and `follow` determines where the task may run.
  private(set) var isReady = true
  /// Whether `after` or `follow` can't be met any more.
  private(set) var isImpossible = false
  /// Whether any engine may run the task.
  private(set) var allowsAnyEngine: Bool

  /// When it is too late to start the task.
  let deadline: Instant?
  /// How many engines were lost while they ran the task.
  private(set) var lossCount: UInt16 = 0
  @Packed var group: GroupHandle? = nil
  /// What the task requires of its engine; `nil` for nothing.
  let demand: ResourceDemand?
  /// The first edge to a task this one depends on; edges to tasks that have ended are still in the list.
  @Packed var firstEdge: EdgeHandle? = nil
  private(set) var after: DependencyProgress?
  private(set) var follow: DependencyProgress?
  /// The distinct engines on which tasks named by `follow` ended as wanted.
  private(set) var followEngines: [EngineToken] = []
  /// What was tried in vain. Apart, because most tasks have nothing of the kind, and constraints are copied and destroyed a
  /// few times in the life of a task.
  private var failures: TaskFailures<Payload>?
  /// The serial number of the timer that runs.
  var timer: UInt64?

  init(
    targets: [EngineIdentity] = [], timeout: Duration? = nil, retriesAnywhere: Bool = false,
    deadline: Instant? = nil, demand: ResourceDemand? = nil
  ) {
    self.targets = targets
    self.timeout = timeout
    self.retriesAnywhere = retriesAnywhere
    self.deadline = deadline
    isTimed = timeout != nil || deadline != nil
    self.demand = demand
    allowsAnyEngine = targets.isEmpty && demand == nil
  }

  /// Adds a dependency, as far as it has come.
  mutating func require(_ progress: DependencyProgress, _ kind: DependencyGraph.Kind) {
    switch kind {
    case .after: after = progress
    case .follow: follow = progress
    }
    update()
  }

  /// Notes that a task named by `follow` ended before this one was submitted.
  mutating func followed(success: Bool, on engine: EngineToken?) {
    noteLocation(engine, success: success)
    update()
  }

  /// Counts the end of a task named by one of the dependencies. Returns whether `follow` allows another engine now.
  mutating func dependencyEnded(_ kind: DependencyGraph.Kind, success: Bool, on engine: EngineToken?) -> Bool {
    let engineCount = followEngines.count
    switch kind {
    case .after: after?.ended(success: success)
    case .follow:
      follow?.ended(success: success)
      noteLocation(engine, success: success)
    }
    update()
    return followEngines.count > engineCount
  }

  /// The engines that failed the task or don't meet its functional dependencies.
  @inline(__always)
  var blacklist: Set<EngineToken> { failures?.blacklist ?? [] }

  @inline(__always)
  var lastFailure: LastFailure<Payload>? { failures?.last }

  /// The latest attempts that cost a retry, in their order; `nil` without any.
  @inline(__always)
  var failedAttempts: [FailedAttempt]? { failures?.attempts }

  /// Excludes an engine.
  ///
  /// - Parameter attempt: the attempt that it has failed; `nil` if it can't run the task at all.
  mutating func exclude(_ engine: EngineToken, after failure: LastFailure<Payload>, attempt: FailedAttempt?) {
    failures = TaskFailures(
      blacklist: blacklist.union([engine]), failed: (failures?.failed ?? []).union(attempt == nil ? [] : [engine]),
      last: failure,
      attempts: attempt.map { (failedAttempts ?? []).suffix(FailedAttempt.limit - 1) + [$0] } ?? failedAttempts)
    if case .ended(.engineLost) = failure { lossCount = min(lossCount, .max - 1) + 1 }
    update()
  }

  /// Notes how many engines an earlier controller has lost while they ran the task.
  mutating func restored(lossCount: UInt16) { self.lossCount = lossCount }

  /// Whether the task requires more time than this; `nil` for any time.
  func takesLonger(than time: Duration?) -> Bool {
    guard let time, let required = demand?.time else { return false }
    return required > time
  }

  /// Whether the task waits for another engine, until its timeout, when all engines are on its blacklist. As in ipyparallel it
  /// does even if they have failed it and could get it again, unless its client wants otherwise.
  var waitsForAnotherEngine: Bool {
    timeout != nil && (!retriesAnywhere || failures?.failed.isEmpty ?? true)
  }

  /// Whether only certain engines may run the task, whatever they offer.
  var isBound: Bool { !targets.isEmpty || follow != nil }

  /// Allows the engines again that failed the task. Returns whether there were any, and the task may run on them: one with
  /// targets doesn't wait for others.
  mutating func forgive() -> Bool {
    guard let former = failures, !former.failed.isEmpty, !waitsForAnotherEngine || !targets.isEmpty
    else { return false }
    failures = TaskFailures(
      blacklist: former.blacklist.subtracting(former.failed), failed: [], last: former.last, attempts: former.attempts)
    update()
    return true
  }

  /// Adds the engine on which a task named by `follow` ended to the engines this task may run on.
  private mutating func noteLocation(_ engine: EngineToken?, success: Bool) {
    guard let follow, follow.condition.accepts(success: success) else { return }
    guard let engine else {
      followIsNowhere = true
      return
    }
    if !followEngines.contains(engine) { followEngines.append(engine) }
  }

  private mutating func update() {
    isReady = after?.isMet ?? true && follow?.isMet ?? true
    isImpossible = after?.isImpossible ?? false
    if let follow {
      // All of the tasks must have run on the same engine.
      isImpossible =
        isImpossible || follow.isImpossible || follow.condition.all && (followIsNowhere || followEngines.count > 1)
    }
    allowsAnyEngine = targets.isEmpty && follow == nil && blacklist.isEmpty && demand == nil
  }
}

extension TaskConstraints: Sendable where Payload: Sendable {}

/// How far a dependency has come.
struct DependencyProgress {
  let condition: TaskDependency
  /// How many of the tasks have not ended.
  private(set) var open: Int32 = 0
  private var hasAccepted = false
  private var hasRejected = false

  init(condition: TaskDependency) { self.condition = condition }

  var isMet: Bool { condition.all ? !hasRejected && open == 0 : hasAccepted }
  var isImpossible: Bool { condition.all ? hasRejected : !hasAccepted && open == 0 }

  /// Counts a task that has not ended.
  mutating func addOpen() { open += 1 }

  /// Counts a task that had ended before.
  mutating func addEnded(success: Bool) {
    if condition.accepts(success: success) { hasAccepted = true } else { hasRejected = true }
  }

  /// Counts the end of a task that was open.
  mutating func ended(success: Bool) {
    open -= 1
    addEnded(success: success)
  }
}

/// What was tried in vain to get a task done.
final class TaskFailures<Payload> {
  /// The engines that failed the task or don't meet its functional dependencies.
  let blacklist: Set<EngineToken>
  /// Those that failed it: they may get it again when all have.
  let failed: Set<EngineToken>
  let last: LastFailure<Payload>
  /// The latest attempts that cost a retry, in their order; `nil` without any.
  let attempts: [FailedAttempt]?

  init(blacklist: Set<EngineToken>, failed: Set<EngineToken>, last: LastFailure<Payload>, attempts: [FailedAttempt]?) {
    self.blacklist = blacklist
    self.failed = failed
    self.last = last
    self.attempts = attempts
  }
}

extension TaskFailures: Sendable where Payload: Sendable {}

/// Why a task with retries did not succeed the last time.
enum LastFailure<Payload> {
  case reply(Payload, EngineIdentity)
  /// The task would have ended with an error of the scheduler's own.
  case ended(TaskFailureReason)
}

extension LastFailure: Sendable where Payload: Sendable {}
