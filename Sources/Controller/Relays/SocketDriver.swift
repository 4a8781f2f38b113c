import MartletZeroMQ

/// An actor that drives sockets on an event loop: it registers them, keeps the timers of its state machine, and cancels
/// all of it when it stops.
protocol SocketDriver: EventLoopActor {
  var registrations: LoopRegistrations { get set }
}

/// What a ``SocketDriver`` has registered with its loop.
struct LoopRegistrations {
  fileprivate var sources: [EventLoop.Token] = []
  fileprivate var sockets: [RelaySocket] = []
  fileprivate var deadline = DeadlineTimer()
  fileprivate var retry: EventLoop.Token?
  fileprivate var unreachable = UnreachableEngines()
}

extension SocketDriver {
  /// How long messages that can't be sent wait before the next attempt.
  private static var retryInterval: Duration { .milliseconds(20) }

  /// Calls back whenever a socket can be read.
  func serve(_ socket: RelaySocket, _ callback: @escaping @Sendable (isolated Self) -> Void) {
    registrations.sockets.append(socket)
    serve(socket.socket, callback)
  }

  /// Calls back whenever a socket can be read.
  func serve(_ socket: borrowing Socket, _ callback: @escaping @Sendable (isolated Self) -> Void) {
    registrations.sources.append(onReadable(socket, callback))
  }

  /// Replaces the timer for the next deadline of the state machine; `nil` cancels it.
  func wake(at deadline: Instant?, _ callback: @escaping @Sendable (isolated Self) -> Void) {
    guard deadline != registrations.deadline.deadline else { return }
    registrations.deadline.arm(at: deadline, of: self) {
      $0.registrations.deadline.fired()
      callback($0)
    }
  }

  /// Calls back a moment later, once for all that waits until then.
  ///
  /// An engine's heart may beat before its other connections are made, and after a restart of the controller they come
  /// back one by one. Messages for such an engine wait instead of being lost.
  ///
  /// - Parameter engine: the engine that something waits for.
  func retrySoon(for engine: EngineIdentity, _ callback: @escaping @Sendable (isolated Self) -> Void) {
    registrations.unreachable.add(engine, now: .now)
    guard registrations.retry == nil else { return }
    registrations.retry = schedule(at: .now + Self.retryInterval) {
      $0.registrations.retry = nil
      $0.registrations.unreachable.beginAttempt()
      callback($0)
      $0.retried()
    }
  }

  private func retried() {
    guard let since = registrations.unreachable.endAttempt(now: .now) else { return }
    for socket in registrations.sockets where socket.facesEngines { socket.ears?.missEngine(since: since) }
  }

  /// Cancels everything registered and completes the log.
  func stopServing() {
    for source in registrations.sources { loop.cancel(source) }
    registrations.deadline.cancel(on: loop)
    if let retry = registrations.retry { loop.cancel(retry) }
    for socket in registrations.sockets { socket.finishLog() }
    registrations = LoopRegistrations()
  }
}
