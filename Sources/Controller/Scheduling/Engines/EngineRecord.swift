/// An engine, or a name that a queued task has for one that is not registered.
struct EngineRecord: DirectoryRecord {
  typealias Tag = EngineTag

  enum Phase {
    /// Only named as a target.
    case named
    case registered
    /// Unregistered; late replies for its pending tasks still count.
    case leaving
  }

  let identity: EngineIdentity
  let hash: UInt32
  var phase = Phase.named
  /// The number of the latest registration.
  var registration: UInt32 = 0
  /// The integer id; negative if it is unknown.
  var number: Int32 = -1
  /// Whether the engine belongs to an earlier controller and has not come back.
  var isExpected = false
  /// Whether the engine returns tasks that wait behind a long one.
  var returnsTasks = false
  /// Whether the engine is about to leave, and takes no more tasks.
  var isRetiring = false
  /// Whether it runs several tasks at once if these allow it.
  var isConcurrent = false
  /// How many of its tasks do.
  var concurrentCount: Int32 = 0
  /// What it offers to tasks that require something, and what of that is in use.
  var budget = ResourceBudget()
  /// When its time is over; `nil` if it has no limit.
  var end: Instant?
  /// How many of the demands of queued tasks the engine could meet.
  var awaitedCount: Int32 = 0
  var pace = EnginePace()
  /// The tasks dispatched and not answered, in that order.
  var pending = TaskList()
  /// Since when the first of them has been the first.
  var oldestSince = Instant.now
  /// How often the engine has been probed since then.
  var probeCount: UInt8 = 0
  /// The serial number of the probe timer that runs; 0 for none.
  var probeTimer: UInt64 = 0
  /// The groups the engine is a member of.
  var groups: Set<GroupHandle> = []
  /// How many of the groups have tasks that require something.
  var demandGroupCount: Int32 = 0
  /// The groups whose tasks require nothing by their first tasks, while the engine is registered.
  var groupHeap = LazyHeap<EngineGroup.Entry>()
  /// Those whose tasks require something.
  var demandHeap = LazyHeap<EngineGroup.Entry>()

  init(identity: EngineIdentity, hash: UInt32) {
    self.identity = identity
    self.hash = hash
  }

  var id: String { identity.rawValue }
}
