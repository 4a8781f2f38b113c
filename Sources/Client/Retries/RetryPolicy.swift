import Foundation

/// When a task that has failed is tried again.
///
/// ```swift
/// var view = client.loadBalanced()
/// view.retry = RetryPolicy(attempts: 4, backoff: .exponential(from: .seconds(1))) { error in error is NetworkError }
/// ```
/// Each task of a call is counted by itself: each chunk of a map, each element of a stream, each engine's part of a direct
/// call. The number of engines plays no role. If a task was tried more than once and its last attempt fails, the result
/// throws ``AttemptsFailed`` with the errors of all attempts, including those that the scheduler has made because of the view's
/// `retries`.
///
/// Some failures are final, whatever the policy says, because another attempt would be against somebody's will or could not
/// go better: a task that was cancelled or aborted, arguments that can't be sent or don't fit the function (`TypeError`), a
/// deadline that has passed or would before the next attempt, a closed client, and in a direct view the loss of the engine.
public struct RetryPolicy: Sendable {
  /// How often a task is tried, the first time included. At least one.
  public var attempts: Int
  /// How long to wait before the next attempt.
  public var backoff: Backoff
  /// Whether another attempt is worth while after an error. The error is what the result would throw: the function's own error
  /// if it is `Codable` and this program has its type, ``RemoteError``, ``EngineError`` or ``ClientError``.
  public var when: @Sendable (any Error) -> Bool

  /// A policy.
  ///
  /// - Parameters:
  ///   - attempts: how often a task is tried, the first time included. At least one.
  ///   - backoff: how long to wait before the next attempt; by default not at all.
  ///   - when: whether another attempt is worth while after an error; by default after each one.
  public init(
    attempts: Int, backoff: Backoff = .none, when: @escaping @Sendable (any Error) -> Bool = { _ in true }
  ) {
    self.attempts = attempts
    self.backoff = backoff
    self.when = when
  }

  /// How long to wait before the next attempt.
  public struct Backoff: Sendable, Hashable {
    private var first: Duration
    private var factor = 1.0
    private var longest: Duration
    private var jitter = 0.0

    /// The next attempt follows at once.
    public static let none = constant(.zero)

    /// The same time before each attempt.
    public static func constant(_ time: Duration) -> Backoff { Backoff(first: time, longest: time) }

    /// A time that grows with each attempt.
    ///
    /// - Parameters:
    ///   - first: the time before the second attempt.
    ///   - factor: how many times longer each wait is than the one before it, at least 1.
    ///   - longest: the longest wait.
    ///   - jitter: which part of each wait is random, from 0 to 1, so that tasks that have failed together are not tried again
    ///     together.
    public static func exponential(
      from first: Duration, factor: Double = 2, upTo longest: Duration = .seconds(60), jitter: Double = 0.5
    ) -> Backoff {
      Backoff(first: first, factor: factor, longest: longest, jitter: jitter)
    }

    /// The time to wait after some failed attempts.
    ///
    /// - Parameters:
    ///   - failures: how many attempts have failed, at least one.
    ///   - random: a random number from 0 to 1.
    func delay(after failures: Int, random: Double) -> Duration {
      guard first > .zero else { return .zero }
      let growth = pow(factor, Double(max(failures, 1) - 1))
      // In seconds, because a large `Duration` can't be multiplied.
      let seconds = min(first.boundedWait / .seconds(1) * growth, longest.boundedWait / .seconds(1))
      return .seconds(seconds * (1 - jitter * random))
    }

    /// What is wrong with the numbers, if anything is.
    var fault: String? {
      if first < .zero || longest < .zero { return "a negative back-off" }
      if !(factor >= 1) { return "a factor of \(factor); it must be at least 1" }
      return (0...1).contains(jitter) ? nil : "a jitter of \(jitter); it must be from 0 to 1"
    }
  }

  /// Checks the numbers.
  ///
  /// - Throws: ``ClientError/Code/invalidArgument`` if one is out of range.
  func validate() throws(ClientError) {
    let fault = attempts < 1 ? "\(attempts) attempts; there must be at least 1" : backoff.fault
    if let fault { throw ClientError(.invalidArgument, "the retry policy has \(fault)") }
  }
}
