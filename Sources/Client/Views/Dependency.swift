import MartletWire

/// Something that names requests a task can depend on, such as an ``AsyncResult``.
public protocol TaskIdentifying: Sendable {
  /// The ids of the requests.
  var msgIDs: [String] { get }
}

extension AsyncResult: TaskIdentifying {}

/// Requests a task depends on: they decide when the task may run (``LoadBalancedView/after``) or on which engine
/// (``LoadBalancedView/follow``).
///
/// If neither successes nor failures count, the dependency can't be met and the scheduler fails the task.
public struct Dependency: Sendable, Hashable {
  /// The ids of the requests.
  public var ids: [String]
  /// Whether all of the requests must have finished, or any one of them.
  public var all: Bool
  /// Whether a request that succeeded counts as finished.
  public var success: Bool
  /// Whether a request that failed counts as finished.
  public var failure: Bool

  /// Makes a dependency on requests by id.
  ///
  /// - Parameters:
  ///   - ids: the ids of the requests.
  ///   - all: whether all of the requests must have finished, or any one of them.
  ///   - success: whether a request that succeeded counts as finished.
  ///   - failure: whether a request that failed counts as finished.
  public init(_ ids: [String], all: Bool = true, success: Bool = true, failure: Bool = false) {
    self.ids = ids
    self.all = all
    self.success = success
    self.failure = failure
  }

  /// Makes a dependency on the tasks of calls. Only tasks that have been sent count: a map with more chunks than its
  /// window sends the later ones as it goes on.
  ///
  /// - Parameters:
  ///   - results: the calls.
  ///   - all: whether all of the tasks must have finished, or any one of them.
  ///   - success: whether a task that succeeded counts as finished.
  ///   - failure: whether a task that failed counts as finished.
  public init(_ results: any TaskIdentifying..., all: Bool = true, success: Bool = true, failure: Bool = false) {
    self.init(results.flatMap(\.msgIDs), all: all, success: success, failure: failure)
  }

  var json: JSONValue {
    [
      "dependencies": .array(ids.map { .string($0) }), "all": .bool(all), "success": .bool(success),
      "failure": .bool(failure),
    ]
  }
}
