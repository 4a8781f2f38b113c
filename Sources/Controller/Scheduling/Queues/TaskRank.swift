/// Where a queued task stands among those that an engine may take: first by priority, then by its client's turn, then by the
/// order in which the tasks were queued.
struct TaskRank: Comparable, Sendable {
  var priority: Int8
  /// See ``ClientTurns``.
  var turn: Int
  var sequence: Int

  static func < (left: TaskRank, right: TaskRank) -> Bool {
    if left.priority != right.priority { return left.priority > right.priority }
    if left.turn != right.turn { return left.turn < right.turn }
    return left.sequence < right.sequence
  }
}
