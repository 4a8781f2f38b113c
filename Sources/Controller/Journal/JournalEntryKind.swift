/// The kinds of entries in a journal. Each is about one task, which has a number.
enum JournalEntryKind: UInt8, Sendable {
  /// The scheduler has accepted the task: its frames.
  case accepted = 1
  /// The task was given to an engine, or is queued again: a ``TaskPlacement``.
  case placed
  /// The task has ended: its reply, and what a record of it needs.
  case finished
  /// The reply could not be sent to the client.
  case undelivered
  /// The task has ended, and its reply is not kept.
  case ended
}

/// What the journal knows about a task that has not ended.
struct TaskPlacement: Sendable, Hashable {
  /// The engine that has the task; `nil` if it is queued.
  var engine: String?
  /// How often it was given to an engine that kept it, this time included.
  var attempt = 0
  /// The retries that are left.
  var retries = 0
  /// How many engines were lost while they ran it.
  var lossCount = 0
  /// Grows with each task that is given to an engine, which handles them in this order; 0 if the task is queued.
  var order = 0
}
