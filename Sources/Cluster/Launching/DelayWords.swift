/// The reasons for which a job waits, in the scheduler's words. It is asked for them now and then: at once, and at intervals
/// that grow, because that may be much work for it.
struct DelayWords: Sendable {
  /// The longest time between two questions.
  static let longestPause = Duration.seconds(32)

  private var state: String?
  private var reasons: String?
  private var pause = Duration.seconds(1)
  private var due: ContinuousClock.Instant

  /// A state in which a job waits, with the reasons if they are known. One that has reasons already stays as it is.
  ///
  /// - Parameters:
  ///   - state: the scheduler's word for it.
  ///   - ask: asks for the reasons.
  mutating func explain(
    _ state: String, at now: ContinuousClock.Instant = .now, by ask: () async -> String?
  ) async -> String {
    guard state.last != ")" else { return state }
    if state != self.state { self = DelayWords(state, at: now) }
    if now >= due {
      due = now + pause
      pause = min(pause * 2, Self.longestPause)
      // Without an answer the last one stands.
      reasons = await ask() ?? reasons
    }
    return state.with(reasons)
  }

  /// No reasons for a state yet.
  init(_ state: String? = nil, at now: ContinuousClock.Instant = .now) {
    self.state = state
    due = now
  }
}
