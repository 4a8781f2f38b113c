/// The queue of a client's tasks with the same priority and demand that the same set of engines may take. A group exists while it holds
/// tasks.
///
/// Each registered member keeps one ``Entry`` for the group in a heap ordered by the rank of the group's first task. The rank
/// in the heap may be better than that of the task; it is corrected when the entry comes up.
struct EngineGroup {
  struct Entry: Comparable {
    var rank: TaskRank
    var group: GroupHandle
    var serial: UInt64

    static func < (left: Entry, right: Entry) -> Bool { left.rank < right.rank }
  }

  /// The members, ascending.
  var members: [EngineHandle] = []
  var client = ClientHandle(index: 0)
  var priority: Int8 = 0
  /// What the tasks require of an engine; `nil` for nothing.
  var demand: ResourceDemand.Kind?
  var tasks = TaskList()
  /// How many members are registered and offer what the tasks require.
  var registeredCount = 0
  /// Tells the group from earlier ones at the same position.
  var serial: UInt64 = 0
}
