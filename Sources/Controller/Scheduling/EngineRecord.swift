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
  /// Whether the engine returns tasks that wait behind a long one.
  var returnsTasks = false
  var pace = EnginePace()
  /// The tasks dispatched and not answered, in that order.
  var pending = TaskList()
  /// The groups the engine is a member of.
  var groups: Set<GroupHandle> = []
  /// The groups by their first tasks, while the engine is registered.
  var groupHeap = LazyHeap<EngineGroup.Entry>()
  /// The last task that this engine passed over in the queue with blacklists: all before it exclude the engine, too.
  @Packed var lastSkipped: TaskHandle? = nil

  init(identity: EngineIdentity, hash: UInt32) {
    self.identity = identity
    self.hash = hash
  }

  var id: String { identity.rawValue }
}
