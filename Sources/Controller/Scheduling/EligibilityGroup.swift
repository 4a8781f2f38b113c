/// The queue of tasks that the same set of engines may take.
///
/// A group exists while it holds tasks. Each registered member keeps one ``Entry`` for it in a heap ordered by the
/// sequence number of the group's first task; the number may lag behind, never run ahead, and is corrected on sight.
struct EligibilityGroup {
  struct Entry: Comparable {
    var sequence: Int
    var group: Int32
    var generation: UInt32

    static func < (left: Entry, right: Entry) -> Bool { left.sequence < right.sequence }
  }

  /// The slots of the members, ascending.
  var members: [Int32] = []
  var tasks = TaskList()
  /// How many members are registered.
  var registered = 0
  /// Tells a reused slot of the pool from its former owner.
  var generation: UInt32 = 0
}
