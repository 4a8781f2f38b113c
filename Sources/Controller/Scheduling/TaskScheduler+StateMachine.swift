import DequeModule
import HeapModule

/// The task scheduler without its sockets: which task goes to which engine when, and how each task ends.
///
/// The semantics are those of ipyparallel 9.2's `TaskScheduler`: a high water mark per engine, schemes, `targets`,
/// `after` and `follow`, timeouts, retries and unmet functional dependencies with a blacklist per task, and tasks
/// stranded on dead engines. It differs where the original waits for ever or grows for ever:
/// - A task whose every eligible engine has failed it ends with its last error, unless it has a timeout, which is then
///   waited for as in the original. If it is its `targets` that are exhausted it ends as impossible, as in the original.
/// - A task whose `follow` names tasks on an engine that is gone, outside its targets, or on none, ends as impossible.
/// - Of the finished tasks only the latest ``Configuration/historyLimit`` are known. A dependency on an older one is
///   invalid: nothing tells it from an id that never was.
///
/// Each event pushes actions that the driver drains with ``nextAction()``. The cost of an event does not depend on the
/// number of queued tasks; it is logarithmic in the number of engines, and linear in the task's own list of targets,
/// dependencies and blacklisted engines.
///
/// Tasks that any engine may take start in the order in which they became ready. An engine with room takes the task
/// that was queued first among all it may take.
public struct TaskSchedulerState<Payload> {
  /// What the driver is to do.
  public typealias Action = TaskSchedulerAction<Payload>

  /// The options of a scheduler.
  public struct Configuration: Sendable {
    /// How an engine is chosen.
    public var scheme = SchedulingScheme.leastload
    /// How many tasks an engine may have at once; 0 is no limit. The scheme `pure` has none in any case.
    ///
    /// By default 1, but with the scheme `leastload` a busy engine that returns what waits behind a long task is sent
    /// some tasks ahead while its tasks are short, see ``EnginePace``.
    public var hwm: Int?
    /// How long results of an unregistered engine are still awaited, before its tasks are lost; 5 s as in ipyparallel.
    public var strandedGrace = Duration.seconds(5)
    /// How many finished tasks are remembered for dependencies; a record takes some 200 bytes.
    public var historyLimit = 65_536

    /// The defaults, which are ipyparallel's where it has the option.
    public init() {}

    /// Whether engines that return tasks are sent some ahead.
    var looksAhead: Bool { hwm == nil && scheme == .leastload }

    /// The defaults but for the scheme and the high water mark.
    public init(scheme: SchedulingScheme, hwm: Int? = nil) {
      self.scheme = scheme
      self.hwm = hwm
    }
  }

  struct Timer: Comparable {
    var deadline: ContinuousClock.Instant
    var task: Int32
    var serial: UInt64

    static func < (left: Timer, right: Timer) -> Bool {
      (left.deadline, left.serial) < (right.deadline, right.serial)
    }
  }

  /// The options given at creation.
  public let configuration: Configuration
  let hwm: Int
  let looksAhead: Bool
  /// When the latest event happened that came with a time; any instant before the first.
  var now = ContinuousClock.now
  var actions = Deque<Action>()

  var tasks = SlotTable<ScheduledTask<Payload>>()
  var constraints: [TaskConstraints<Payload>] = []
  var freeConstraints: [Int32] = []
  var graph = DependencyGraph()
  var sequence = 0

  var engines: [EngineRecord] = []
  var freeEngines: [Int32] = []
  var engineIndex: [EngineIdentity: Int32] = [:]
  var registeredCount = 0
  var pool: EnginePool
  /// Engines that unregistered with tasks pending; the grace period is the same for all, so they are in order.
  var leaving = Deque<(deadline: ContinuousClock.Instant, engine: EngineToken)>()

  var ready = TaskList()
  var excluded = TaskList()
  /// The size of the largest blacklist in `excluded` since it was last empty.
  var largestBlacklist = 0
  var groups: [EligibilityGroup] = []
  var freeGroups: [Int32] = []
  var groupIndex: [[Int32]: Int32] = [:]
  var groupedCount = 0
  var waitingTotal = 0
  var pendingTotal = 0

  var timers = Heap<Timer>()
  var armedTimers = 0
  var timerSerial: UInt64 = 0

  var finished = TaskList()
  /// Tasks that ended in the current event and whose dependents have not been told.
  var ended = Deque<Int32>()
  /// Tasks to be placed before the current event is over.
  var unplaced = Deque<Int32>()

  var clients: [ClientRecord] = []
  var freeClients: [Int32] = []
  var clientIndex: [String: Int32] = [:]
  var latestClient: Int32 = -1

  /// A scheduler without engines and tasks. A given `seed` makes the random schemes repeatable.
  public init(configuration: Configuration = .init(), seed: UInt64? = nil) {
    self.configuration = configuration
    hwm = configuration.scheme == .pure ? 0 : max(0, configuration.hwm ?? 1)
    looksAhead = configuration.looksAhead
    var system = SystemRandomNumberGenerator()
    pool = EnginePool(scheme: configuration.scheme, generator: SplitMix64(seed: seed ?? system.next()))
  }

  /// The next thing to do, or nil when all that the events so far asked for is done.
  public mutating func nextAction() -> Action? {
    actions.popFirst()
  }
}

extension TaskSchedulerState: Sendable where Payload: Sendable {}
