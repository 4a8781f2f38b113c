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
  /// Since when something has been waiting to be sent.
  fileprivate var waitingSince: ContinuousClock.Instant?
}

extension SocketDriver {
  /// How long messages that can't be sent wait before the next attempt.
  private static var retryInterval: Duration { .milliseconds(20) }

  /// How long messages wait for an engine that beats before engines have to connect again. A dead one is given up sooner.
  private static var missingTime: Duration { .seconds(3) }

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
  func wake(at deadline: ContinuousClock.Instant?, _ callback: @escaping @Sendable (isolated Self) -> Void) {
    registrations.deadline.arm(at: deadline, of: self) {
      $0.registrations.deadline.fired()
      callback($0)
    }
  }

  /// Calls back a moment later, once for all requests until then.
  ///
  /// An engine's heart may beat before its other connections are made, and after a restart of the controller they come
  /// back one by one. Messages for such an engine wait instead of being lost.
  func retrySoon(_ callback: @escaping @Sendable (isolated Self) -> Void) {
    guard registrations.retry == nil else { return }
    if registrations.waitingSince == nil { registrations.waitingSince = .now }
    registrations.retry = schedule(at: .now + Self.retryInterval) {
      $0.registrations.retry = nil
      callback($0)
      $0.retried()
    }
  }

  /// After a while it is no engine that is about to connect or that has died: it may be connected over a connection
  /// that libzmq ignores, because another one had its identity at the time.
  private func retried() {
    guard registrations.retry != nil, let since = registrations.waitingSince else {
      registrations.waitingSince = nil
      return
    }
    guard .now - since > Self.missingTime else { return }
    registrations.waitingSince = .now
    for socket in registrations.sockets where socket.facesEngines { socket.ears?.missEngine() }
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
