/// A condition on the outcomes of other tasks, as in the metadata keys `after` and `follow` of ipyparallel.
struct TaskDependency: Hashable, Sendable {
  /// The `msg_id`s depended upon. An empty list is always met.
  var ids: [String]
  /// Whether every id must meet the condition, or any one of them.
  var all: Bool
  /// Whether a success meets the condition.
  var success: Bool
  /// Whether a failure meets the condition.
  var failure: Bool

  /// A dependency; the defaults are ipyparallel's: all of `ids` must have succeeded.
  init(_ ids: [String] = [], all: Bool = true, success: Bool = true, failure: Bool = false) {
    self.ids = ids
    self.all = all
    self.success = success
    self.failure = failure
  }

  /// Whether a task that ended in success (or failure) counts towards this dependency.
  func accepts(success ended: Bool) -> Bool { ended ? success : failure }
}
