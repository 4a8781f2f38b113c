import MartletZeroMQ

/// An actor pinned to an event loop. The loop's callbacks run synchronously on the actor.
///
/// Sources and timers don't retain the actor, so it has to cancel them before it is released.
protocol EventLoopActor: Actor {
  nonisolated var loop: EventLoop { get }
}

extension EventLoopActor {
  /// Calls back whenever a socket can be read.
  nonisolated func onReadable(
    _ socket: borrowing Socket, _ callback: @escaping @Sendable (isolated Self) -> Void
  ) -> EventLoop.Token {
    loop.onReadable(socket) { [unowned self] in assumeIsolated(callback) }
  }

  /// Calls back once at an instant, unless cancelled before.
  nonisolated func schedule(
    at deadline: Instant, _ callback: @escaping @Sendable (isolated Self) -> Void
  ) -> EventLoop.Token {
    loop.schedule(at: ContinuousClock.Instant(deadline)) { [unowned self] in assumeIsolated(callback) }
  }

  /// Runs work soon, from any thread. Does nothing after the loop's end: the controller has closed its sockets by then.
  nonisolated func execute(_ work: @escaping @Sendable (isolated Self) -> Void) {
    try? loop.execute { self.assumeIsolated(work) }
  }
}
