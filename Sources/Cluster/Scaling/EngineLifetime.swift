/// How long engines of a group live that are yet to start, as far as that is known beforehand.
enum EngineLifetime: Sendable, Hashable {
  /// Without a limit that is known.
  case unknown
  /// Each for this long.
  case span(Duration)
  /// All until then: they share an allocation that has begun.
  case end(ContinuousClock.Instant)

  /// How long an engine lives that starts now; `nil` without a limit.
  func left(at now: ContinuousClock.Instant) -> Duration? {
    switch self {
    case .unknown: nil
    case .span(let span): span
    case .end(let end): max(end - now, .zero)
    }
  }
}
