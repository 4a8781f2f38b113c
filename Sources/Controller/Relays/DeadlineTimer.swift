import MartletZeroMQ

/// The one timer a driver keeps for its state machine's next deadline.
struct DeadlineTimer {
  private var armed: (token: EventLoop.Token, deadline: ContinuousClock.Instant)?

  /// Has an action run at a deadline instead of the one before; no deadline is no timer.
  mutating func arm<Driver: EventLoopActor>(
    at deadline: ContinuousClock.Instant?, of driver: Driver, _ action: @escaping @Sendable (isolated Driver) -> Void
  ) {
    guard deadline != armed?.deadline else { return }
    cancel(on: driver.loop)
    guard let deadline else { return }
    armed = (driver.schedule(at: deadline, action), deadline)
  }

  /// Notes that the action runs: the same deadline may be armed anew.
  mutating func fired() { armed = nil }

  /// Forgets the deadline.
  mutating func cancel(on loop: EventLoop) {
    if let armed { loop.cancel(armed.token) }
    armed = nil
  }
}
