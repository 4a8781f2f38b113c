/// What a ``JournalLedger`` knows of a task.
struct JournalTask: Sendable {
  enum Phase { case open, delivered, undelivered, ended }

  typealias Place = JournalBatches.Place

  var phase = Phase.open
  var accepted: Place?
  var placed: Place?
  /// Where the end is.
  var finished: Place?
  /// Where it is noted that the reply was not delivered.
  var mark: Place?
  /// When the task ended.
  var time = 0.0
  /// The hash of the id, once the task has ended.
  var hash: UInt64 = 0

  /// Whether its result is kept.
  var isKept: Bool { phase == .delivered || phase == .undelivered }
}
