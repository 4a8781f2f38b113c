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
