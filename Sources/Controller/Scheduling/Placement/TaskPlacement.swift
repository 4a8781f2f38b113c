/// Where a task is that has not ended: what a journal keeps of it. Small, as there is room for one in each action.
struct TaskPlacement: Sendable, Hashable {
  /// The engine that has the task; `nil` if it is queued.
  var engine: String?
  /// How often it was given to an engine that kept it, this time included.
  var attempt: UInt16 = 0
  /// The retries that are left; negative if the task is not to run again.
  var retries: Int16 = 0
  /// How many engines were lost while they ran it.
  var lossCount: UInt16 = 0
  /// Grows with each task that is given to an engine, which handles them in this order; 0 if the task is queued.
  var order = 0
}
