import Synchronization

/// Counts the requests that an engine begins, and tells when it has begun as many as it may.
final class RequestCount: Sendable {
  private let count = Atomic(0)
  private let limit: Int?
  private let onLimit: @Sendable () -> Void

  /// Starts at zero.
  ///
  /// - Parameter onLimit: called once, on the thread that begins the last request.
  init(limit: Int?, onLimit: @escaping @Sendable () -> Void) {
    self.limit = limit
    self.onLimit = onLimit
  }

  /// How many requests have begun.
  var begun: Int { count.load(ordering: .relaxed) }

  /// A request begins.
  func begin() { if count.add(1, ordering: .relaxed).newValue == limit { onLimit() } }
}
