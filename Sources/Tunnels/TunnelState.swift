/// When ssh is started again. A value without a clock or processes: time is an argument, and ``Tunnel`` runs ssh.
struct TunnelState: Sendable, Hashable {
  /// What happens after the end of an ssh.
  enum Verdict: Sendable, Hashable {
    /// It could not be opened the first time: whoever asked for it is told.
    case giveUp
    /// Another one is started after a pause.
    case again(after: Duration)
  }

  private enum Phase: Sendable, Hashable {
    /// An ssh is about to open the tunnel.
    case opening
    case open(since: ContinuousClock.Instant)
  }

  /// The pause after the first end. Short, because most ends are a single break.
  static let firstPause = Duration.milliseconds(250)
  /// The longest pause: each quick end doubles it up to this.
  static let longestPause = Duration.seconds(15)
  /// How long a tunnel must have been open for its end not to count as a quick one.
  static let steadyTime = Duration.seconds(30)

  private var phase = Phase.opening
  private var quickEnds = 0
  /// Whether the tunnel has been open at all.
  private(set) var hasBeenOpen = false

  /// All sockets are there.
  mutating func opened(at now: ContinuousClock.Instant) {
    phase = .open(since: now)
    hasBeenOpen = true
  }

  /// ssh has ended by itself, or could not be started.
  mutating func ended(at now: ContinuousClock.Instant) -> Verdict {
    defer { phase = .opening }
    guard hasBeenOpen else { return .giveUp }
    if case .open(let since) = phase, since.duration(to: now) >= Self.steadyTime { quickEnds = 0 }
    quickEnds += 1
    var pause = Self.firstPause
    for _ in 1..<quickEnds where pause < Self.longestPause { pause *= 2 }
    return .again(after: min(pause, Self.longestPause))
  }

  /// ssh was stopped because the controller has other addresses now.
  mutating func redirected() {
    phase = .opening
    quickEnds = 0
  }
}
