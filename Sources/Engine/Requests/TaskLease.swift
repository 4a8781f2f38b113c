import Synchronization

/// Whether the tasks that wait in an engine are still its own. A value without a clock: time is passed in.
///
/// The controller gives up an engine that was stopped or cut off for long, and has its tasks run elsewhere. Nobody can tell
/// the engine meanwhile. So after a gap in the pings it begins none of them until the hub has answered a registration.
struct TaskLease: Sendable {
  private var gap: Duration
  private var lastPing: ContinuousClock.Instant
  private var isInDoubt = false

  /// A lease that holds until the pings stop.
  ///
  /// - Parameter gap: how long there may be no ping.
  init(gap: Duration, now: ContinuousClock.Instant) {
    self.gap = gap
    lastPing = now
  }

  /// A ping has arrived.
  ///
  /// - Parameter isFirst: whether it is the first after a gap, so that the engine registers again.
  mutating func ping(isFirst: Bool, at now: ContinuousClock.Instant) {
    lastPing = max(lastPing, now)
    if isFirst { isInDoubt = true }
  }

  /// The hub has answered a registration.
  mutating func renew(gap: Duration, at now: ContinuousClock.Instant) {
    self.gap = gap
    lastPing = max(lastPing, now)
    isInDoubt = false
  }

  /// Whether tasks may begin.
  func holds(at now: ContinuousClock.Instant) -> Bool { !isInDoubt && now - lastPing < gap }
}

/// The ``TaskLease`` of an engine, which its heart renews and its runner asks. There is none with a controller that doesn't
/// take tasks back, and tasks may begin at any time.
final class SharedTaskLease: Sendable {
  private struct State {
    var lease: TaskLease?
    /// When the engine's time is over.
    var end: ContinuousClock.Instant?
    var isRetired = false
  }

  private let state = Mutex(State())

  /// Begins or renews the lease.
  func renew(gap: Duration) {
    state.withLock { state in
      if state.lease == nil {
        state.lease = TaskLease(gap: gap, now: .now)
      } else {
        state.lease?.renew(gap: gap, at: .now)
      }
    }
  }

  /// From now on tasks may begin at any time.
  func end() { state.withLock { $0.lease = nil } }

  /// From now on no task may begin whose stated time does not fit before the end of the engine's.
  func limit(to end: ContinuousClock.Instant) { state.withLock { $0.end = end } }

  /// From now on no task may begin: the engine is about to leave.
  func retire() { state.withLock { $0.isRetired = true } }

  /// See ``TaskLease/ping(isFirst:at:)``.
  func ping(isFirst: Bool) { state.withLock { $0.lease?.ping(isFirst: isFirst, at: .now) } }

  /// Whether tasks may begin.
  var holds: Bool { state.withLock { !$0.isRetired && $0.lease?.holds(at: .now) ?? true } }

  /// Whether a task may begin that requires some time; one always may if the controller takes none back.
  func covers(_ time: Duration) -> Bool {
    state.withLock { state in
      guard state.lease != nil, let end = state.end else { return true }
      return time <= end - .now
    }
  }
}
