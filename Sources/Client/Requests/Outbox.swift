import Synchronization

/// Requests on their way to the loop's thread: many submissions, one wake-up.
final class Outbox: Sendable {
  private struct State {
    var requests: [Request] = []
    var isClosed = false
  }

  private let state = Mutex(State())

  /// What to do after a submission.
  enum Submission: Sendable {
    /// The loop must be told.
    case wake
    /// The loop has been told and has not looked yet.
    case queued
    case closed
  }

  /// Adds a request.
  func submit(_ request: Request) -> Submission {
    state.withLock { state in
      if state.isClosed { return .closed }
      state.requests.append(request)
      return state.requests.count == 1 ? .wake : .queued
    }
  }

  /// Takes all requests.
  func take() -> [Request] {
    state.withLock { state in
      defer { state.requests = [] }
      return state.requests
    }
  }

  /// Whether there is something to take.
  var hasRequests: Bool { state.withLock { !$0.requests.isEmpty } }

  /// Refuses further requests.
  func close() { state.withLock { $0.isClosed = true } }

  /// Whether requests are refused.
  var isClosed: Bool { state.withLock { $0.isClosed } }
}
