/// The queue of tasks that the same set of engines may take. A group exists while it holds tasks.
///
/// Each registered member keeps one ``Entry`` for the group in a heap ordered by the sequence number of the group's
/// first task. The number in the heap may be lower than that of the task; it is corrected when the entry comes up.
struct EngineGroup {
  struct Entry: Comparable {
    var sequence: Int
    var group: GroupHandle
    var serial: UInt64

    static func < (left: Entry, right: Entry) -> Bool { left.sequence < right.sequence }
  }

  /// The members, ascending.
  var members: [EngineHandle] = []
  var tasks = TaskList()
  /// How many members are registered.
  var registeredCount = 0
  /// Tells the group from earlier ones at the same position.
  var serial: UInt64 = 0
}
