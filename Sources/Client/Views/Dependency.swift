import MartletWire

/// Something with request ids that a task can depend on.
public protocol TaskIdentifying: Sendable {
  /// The ids of its requests.
  var msgIDs: [String] { get }
}

extension AsyncResult: TaskIdentifying {}

/// Tasks that must be done before another may run, or that decide where it runs.
public struct Dependency: Sendable, Hashable {
  /// The ids of the requests depended on.
  public var ids: [String]
  /// Whether all of them must be done, or any one.
  public var all: Bool
  /// Whether a success counts as done.
  public var success: Bool
  /// Whether a failure counts as done.
  public var failure: Bool

  /// A dependency on requests by id. When neither successes nor failures count it can never be met: the scheduler fails
  /// the task.
  public init(_ ids: [String], all: Bool = true, success: Bool = true, failure: Bool = false) {
    self.ids = ids
    self.all = all
    self.success = success
    self.failure = failure
  }

  /// A dependency on the tasks of calls, those that were sent so far.
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
