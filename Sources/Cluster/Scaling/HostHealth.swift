/// Recognises hosts on which everything fails at once, because a disk is full or a mount is broken, and leaves them out for a
/// while. A value without a clock: time is passed in.
///
/// A host is left out when several engines in a row have ended there soon after their start, or could not be started. After a
/// time it is tried again, and one more failure leaves it out for twice as long. An engine that ends after a steady run shows that
/// the host is well. Engines that share a connection end together when it breaks: what a cut connection ends within a few seconds
/// counts as one end.
struct HostHealth: Sendable {
  /// How many quick ends in a row, and the pauses after them.
  struct Policy: Sendable, Hashable {
    var limit = 3
    var firstPause = Duration.seconds(60)
    var longestPause = Duration.seconds(30 * 60)
    /// For how long after a cut connection others are taken for the same event.
    var cutTime = Duration.seconds(5)
  }

  private struct Host: Sendable {
    var quickEnds = 0
    var pauses = 0
    var outUntil: ContinuousClock.Instant?
    var cutUntil: ContinuousClock.Instant?
    var reason = ""
  }

  private let policy: Policy
  private var hosts: [String: Host] = [:]

  init(policy: Policy = Policy()) { self.policy = policy }

  /// An engine has ended, or could not be started.
  ///
  /// - Parameters:
  ///   - isQuick: whether that was soon after its start.
  ///   - isCutOff: whether it ended because its connection did.
  ///   - reason: how, for ``notes(at:)``.
  /// - Returns: how long the host is left out from now on; `nil` if it isn't, or if it was before.
  mutating func ended(
    on name: String, isQuick: Bool, isCutOff: Bool = false, reason: String, at now: ContinuousClock.Instant
  ) -> Duration? {
    guard isQuick else {
      hosts[name] = nil
      return nil
    }
    var host = hosts[name] ?? Host()
    defer { hosts[name] = host }
    // Others that were started before fail, too, and say nothing new.
    if let until = host.outUntil, now < until { return nil }
    if isCutOff {
      if let until = host.cutUntil, now < until { return nil }
      host.cutUntil = now + policy.cutTime
    }
    host.quickEnds += 1
    host.reason = reason
    // After a pause one more failure is enough.
    guard host.quickEnds >= policy.limit || host.pauses > 0 else { return nil }
    var pause = policy.firstPause
    for _ in 0..<host.pauses where pause < policy.longestPause { pause *= 2 }
    pause = min(pause, policy.longestPause)
    host.pauses += 1
    host.quickEnds = 0
    host.outUntil = now + pause
    return pause
  }

  /// How long a host is still left out; `nil` if it isn't.
  func pause(of name: String, at now: ContinuousClock.Instant) -> Duration? {
    guard let until = hosts[name]?.outUntil, now < until else { return nil }
    return until - now
  }

  /// The hosts that are left out, and for how long the first of them still is; `nil` if none is.
  func leftOut(at now: ContinuousClock.Instant) -> (names: [String], shortest: Duration)? {
    let pauses = hosts.keys.sorted().compactMap { name in pause(of: name, at: now).map { (name, $0) } }
    return pauses.map(\.1).min().map { (pauses.map(\.0), $0) }
  }

  /// What is left out, and why, by host.
  func notes(at now: ContinuousClock.Instant) -> [String: String] {
    hosts.compactMapValues { host in
      guard let until = host.outUntil, now < until else { return nil }
      let seconds = Int((until - now) / .seconds(1)) + 1
      return "left out for \(seconds) s more, because engines fail there at once: \(host.reason)"
    }
  }
}
