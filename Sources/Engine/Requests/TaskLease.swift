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
  private let lease = Mutex<TaskLease?>(nil)

  /// Begins or renews the lease.
  func renew(gap: Duration) {
    lease.withLock { lease in
      if lease == nil { lease = TaskLease(gap: gap, now: .now) } else { lease?.renew(gap: gap, at: .now) }
    }
  }

  /// From now on tasks may begin at any time.
  func end() { lease.withLock { $0 = nil } }

  /// See ``TaskLease/ping(isFirst:at:)``.
  func ping(isFirst: Bool) { lease.withLock { $0?.ping(isFirst: isFirst, at: .now) } }

  /// Whether tasks may begin.
  var holds: Bool { lease.withLock { $0?.holds(at: .now) ?? true } }
}
