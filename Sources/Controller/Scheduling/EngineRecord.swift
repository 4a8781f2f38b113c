import HeapModule

/// An engine, or a name that a queued task has for one that is not registered.
struct EngineRecord {
  enum Phase {
    /// The slot is unused.
    case free
    /// Only named as a target.
    case named
    case registered
    /// Unregistered; late results of its pending tasks are still accepted.
    case leaving
  }

  var identity: EngineIdentity
  var phase = Phase.named
  var generation: UInt32 = 0
  /// Whether the engine returns tasks that wait behind a long one.
  var returnsTasks = false
  var pace = EnginePace()
  /// The tasks sent and not answered, in the order they were sent.
  var pending = TaskList()
  /// The groups the engine is a member of.
  var groups: Set<Int32> = []
  var groupHeap = Heap<EligibilityGroup.Entry>()
  /// The last task of the queue with blacklists that this engine had to pass over: all before it exclude the engine too.
  var lastSkipped: Int32 = -1
}

/// A client with tasks in flight.
struct ClientRecord {
  var session: String
  var queued = TaskList()
  /// Queued and pending tasks.
  var inFlight = 0
  var hasVanished = false
}
