/// Notices when one request runs so long that the tasks waiting behind it should return to the scheduler.
///
/// A value without I/O: each check takes the number of the running request and returns what to do.
struct LongRequestWatch: Sendable, Hashable {
  /// The result of a check.
  struct Check: Sendable, Hashable {
    /// Whether to return the waiting tasks now.
    let returnsTasks: Bool
    /// When to check again.
    let next: Duration
  }

  private let patience: Duration
  private var interval: Duration
  private var seen: Int?

  /// The longest time between two checks.
  static let longestInterval = Duration.seconds(1)

  /// Creates a watch.
  ///
  /// - Parameter patience: how long a request may run before the tasks behind it are returned.
  init(patience: Duration) {
    self.patience = patience
    interval = patience
  }

  /// Looks at the running request.
  ///
  /// - Parameter running: the request's number; `nil` when the worker is idle.
  /// - Returns: `nil` when the watch ends because nothing runs.
  mutating func check(running: Int?) -> Check? {
    guard let running else { return nil }
    let isLong = running == seen
    // While the same request runs, few tasks come, because the controller knows of it: check less and less often.
    interval = isLong ? min(interval * 2, Self.longestInterval) : patience
    seen = running
    return Check(returnsTasks: isLong, next: interval)
  }
}
