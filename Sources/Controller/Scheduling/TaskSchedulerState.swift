/// The task scheduler without its sockets: which task goes to which engine when, and how each task ends.
///
/// The semantics are those of ipyparallel 9.2's `TaskScheduler`: a high water mark per engine, schemes, `targets`,
/// `after` and `follow`, timeouts, retries and unmet functional dependencies with a blacklist per task, and tasks
/// stranded on dead engines. It differs where the original waits or grows without end:
/// - Retries count attempts: a task that every eligible engine has failed is tried on the same ones again, unless it has a
///   timeout, which then runs out as in the original. One whose functional dependencies no engine meets ends with its last
///   error, or as impossible if it has `targets`.
/// - Of the tasks of an engine that is lost, only the oldest can have begun. The others are queued again, at no cost.
/// - A task that has taken ``Configuration/crashLimit`` engines is not tried again.
/// - An engine that is silent about its oldest task is probed: when it answers the probe and not the task, the task is lost.
/// - A task whose `follow` names tasks on an engine that is gone, outside its targets, or on none, ends as impossible.
/// - Of the finished tasks only the latest ``Configuration/historyLimit`` are known. A dependency on an older one is
///   invalid: nothing distinguishes it from an id that was never used.
/// - Tasks beyond ``Configuration/queueLimit`` are refused. A task that has been accepted is never dropped.
///
/// Each event leaves actions behind, which the driver takes with ``nextAction()``. The cost of an event doesn't depend
/// on the number of queued tasks. It is logarithmic in the number of engines and of clients, and linear in the task's own
/// list of targets, dependencies and blacklisted engines, and in the number of clients that have queued tasks with a
/// blacklist. A task that requires resources costs time in proportion to the number of engines that offer some, too, one that
/// requires time in proportion to that of idle engines and of those with too little time left, and both in proportion to
/// that of the different kinds of demands that are queued.
///
/// An engine with room takes, of all tasks that it may take, one with the highest priority: a lower one waits as long as there
/// are such, on engines that may take them. Of several clients with tasks of this priority, the one takes its turn that was
/// served longest ago, whatever its tasks and how many it has: see ``ClientTurns``. The tasks of a client with the same priority
/// start in the order in which they became ready. What an engine has is not taken back for another task.
///
/// A task that requires resources has them from its dispatch to its end on the engine, which is given no more than it offers.
/// If the first of those that an engine may take lacks something, the others that require anything wait with it, so that it
/// gets its turn; tasks that require nothing don't.
///
/// An engine that runs several tasks at once is given as many as the tasks allow, and no others beside them. When the first of
/// those that it may take doesn't allow it, the engine ends what it has before.
///
/// ## Vocabulary
/// - A client *submits* a task. The scheduler *accepts* it, or *refuses* it without keeping any trace of it.
/// - To *place* a task is to decide where it goes: to an engine, into a queue, or to its end.
/// - To *dispatch* a task is to give it to an engine. It is *pending* until the engine *replies*, *returns* it, or is
///   lost. A task that no engine has and that has not ended is *queued*; it *waits* if an engine with room would not
///   help yet.
/// - To *deliver* is to give a client the reply of an engine, and to *fail* a task is to end it without one.
/// - *Sending* and *receiving* are the business of the driver, which owns the sockets.
struct TaskSchedulerState<Payload> {
  typealias Action = TaskSchedulerAction<Payload>

  /// The options of a scheduler.
  struct Configuration: Sendable {
    /// How an engine is chosen.
    var scheme = SchedulingScheme.leastload
    /// How many tasks an engine may have at once; 0 for no limit. The scheme `pure` has none in any case.
    ///
    /// By default 1, but with the scheme `leastload` a busy engine that returns what waits behind a long task is given
    /// some tasks ahead while its tasks are short, see ``EnginePace``.
    var hwm: Int?
    /// How much may be in flight.
    var queueLimit = QueueLimit()
    /// A task ends when it has taken so many engines, even if it has retries left; 0 for no limit.
    var crashLimit = 3
    /// How long an engine may be silent about the oldest of its tasks before it is probed.
    var probeAfter = Duration.seconds(5)
    /// How many finished tasks are remembered for dependencies; a record takes some 200 bytes.
    var historyLimit = 65_536
    /// Whether there is an action for each change of a task: ``TaskSchedulerAction/changed(_:taskID:_:)``.
    var reportsChanges = false

    /// Whether engines that return tasks are given some ahead.
    var looksAhead: Bool { hwm == nil && scheme == .leastload }
  }

  // The components are open to the extensions of this type; what is inside each is its own.
  var tasks = TaskTable<Payload>()
  var engines: EngineRegistry
  var queues = TaskQueues()
  var dependencies = DependencyGraph()
  var clients: ClientTable
  var timers = TaskTimers()
  var history: TaskHistory

  let crashLimit: Int
  let reportsChanges: Bool
  var recovery = RecoveryPeriod()
  /// Tasks that depend on some that an earlier controller may have lost, and that are sent again behind them.
  var deferred = DeferredSubmissions<Payload>()
  /// The time of the latest event that came with one; any time before the first.
  var now = Instant.now
  var actions = WorkQueue<Action>()
  /// What is left to do about the current event.
  var consequences = EventConsequences()
  /// Whether tasks that any engine may take are queued even if one has room, which will be given the best of all.
  var queuesReady = false

  /// A scheduler without engines and tasks.
  ///
  /// - Parameter seed: makes the random schemes repeatable.
  init(configuration: Configuration = .init(), seed: UInt64? = nil) {
    crashLimit = configuration.crashLimit
    reportsChanges = configuration.reportsChanges
    var system = SystemRandomNumberGenerator()
    engines = EngineRegistry(configuration: configuration, generator: SplitMix64(seed: seed ?? system.next()))
    clients = ClientTable(limit: configuration.queueLimit)
    history = TaskHistory(limit: configuration.historyLimit)
  }

  /// The next thing to do; `nil` when there is nothing left to do about the events so far.
  mutating func nextAction() -> Action? { actions.popFirst() }

  /// Ends an event: tells the dependents of ended tasks, places what became ready, and forgets what is too old.
  mutating func settle() {
    while let step = consequences.next() {
      switch step {
      case .tellDependents(let task): tellDependents(of: task)
      case .place(let task): if tasks[task].phase.isQueued, isReady(task) { place(task) }
      case .serveHeldUp: for engine in engines.particular { serve(engine, ahead: false) }
      }
    }
    history.trim(&tasks)
  }
}

extension TaskSchedulerState: Sendable where Payload: Sendable {}
