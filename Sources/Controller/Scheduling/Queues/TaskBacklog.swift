/// The tasks that another engine could take.
struct TaskBacklog: Sendable, Hashable {
  /// How many could run and lack only an engine with room.
  var queued = 0
  /// How many of these no registered engine can run, because it lacks resources or has too little time left.
  var unmet = 0
}
