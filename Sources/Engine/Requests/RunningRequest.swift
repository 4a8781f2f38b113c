import Synchronization

/// The request that an engine runs, for those who ask while it runs. Setting it costs a call less than a task-local value of
/// its own.
final class RunningRequest: Sendable {
  private let request = Mutex<Request?>(nil)

  /// The request; `nil` when none runs.
  var current: Request? { request.withLock { $0 } }

  /// A request begins.
  func begin(_ new: Request) { request.withLock { $0 = new } }

  /// The request has ended.
  func end() { request.withLock { $0 = nil } }
}
