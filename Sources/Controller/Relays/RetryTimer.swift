import MartletZeroMQ

/// Calls back a moment later for what can't be sent yet.
///
/// An engine's heart may beat before its other connections are made, and after a restart of the controller they come
/// back one by one: what is for it waits until then instead of being lost.
struct RetryTimer {
  private var token: EventLoop.Token?

  private static let interval = Duration.milliseconds(20)

  /// Arms the timer unless it runs; `action` has to call ``fired()``.
  mutating func arm(on loop: EventLoop, _ action: @escaping () -> Void) {
    if token == nil { token = loop.schedule(at: .now + Self.interval, action) }
  }

  /// The timer is over.
  mutating func fired() { token = nil }

  /// Stops the timer.
  mutating func cancel(on loop: EventLoop) {
    if let token { loop.cancel(token) }
    token = nil
  }
}
