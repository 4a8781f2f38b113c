import MartletZeroMQ

/// The one timer a driver keeps for its state machine's next deadline.
struct DeadlineTimer {
  private var armed: (token: EventLoop.Token, deadline: Instant)?

  /// The deadline of the pending timer.
  var deadline: Instant? { armed?.deadline }

  /// Replaces the pending timer; `nil` cancels it.
  mutating func arm<Driver: EventLoopActor>(
    at deadline: Instant?, of driver: Driver, _ action: @escaping @Sendable (isolated Driver) -> Void
  ) {
    guard deadline != armed?.deadline else { return }
    cancel(on: driver.loop)
    guard let deadline else { return }
    armed = (driver.schedule(at: deadline, action), deadline)
  }

  /// Notes that the timer has fired, so the same deadline can be armed again.
  mutating func fired() { armed = nil }

  /// Cancels the pending timer.
  mutating func cancel(on loop: EventLoop) {
    if let armed { loop.cancel(armed.token) }
    armed = nil
  }
}
