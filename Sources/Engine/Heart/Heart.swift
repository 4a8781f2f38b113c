import Logging
import MartletWire
import MartletZeroMQ

/// Answers the hub's pings on a separate thread, so that a busy engine still beats.
///
/// Each ping received by the SUB socket goes back unchanged on a DEALER, whose identity tells the hub which engine it
/// is (ipyparallel/controller/heartmonitor.py, `Heart`).
actor Heart {
  nonisolated private let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private var ping: Socket?
  private var pong: Socket?
  private var pingSource: EventLoop.Token?
  private var checking: EventLoop.Token?
  private var frames = Multipart(minimumCapacity: 2)
  private var watch: HeartbeatWatch?
  private let logger: Logger
  private var failures = LogThrottle()
  private let lease: SharedTaskLease
  private let onChange: @Sendable (Change) -> Void

  /// What becomes of the hub's pings.
  enum Change: Sendable, Hashable {
    /// They have stopped for too long.
    case stopped
    /// They have come back after a gap, in which the hub may have given the engine up.
    case resumed
  }

  /// Creates a heart, which is idle before ``start(_:endpoints:options:period:misses:)``.
  ///
  /// - Parameters:
  ///   - loop: the heart's own; ``stop()`` ends it.
  ///   - lease: learns of each ping.
  ///   - onChange: called when the pings have stopped or come back.
  init(loop: EventLoop, lease: SharedTaskLease, logger: Logger, onChange: @escaping @Sendable (Change) -> Void) {
    self.loop = loop
    self.lease = lease
    self.logger = logger
    self.onChange = onChange
  }

  /// Connects and starts beating.
  ///
  /// - Parameters:
  ///   - endpoints: where the hub sends pings and expects the answers.
  ///   - options: identity and keys of the engine's sockets.
  ///   - period: how often the hub pings.
  ///   - misses: after how many missed pings the hub is considered lost; 0 for never.
  func start(
    _ context: Context, endpoints: (ping: String, pong: String), options: SocketOptions, period: Duration, misses: Int
  ) throws(ZeroMQError) {
    var pingOptions = options
    pingOptions.identity = nil
    pingOptions.subscriptions = [Bytes()]
    let pong = try Socket(context, .dealer, options: options)
    try pong.connect(endpoints.pong)
    let ping = try Socket(context, .subscribe, options: pingOptions)
    try ping.connect(endpoints.ping)
    pingSource = loop.onReadable(ping) { [weak self] in
      self?.assumeIsolated { $0.beat() }
    }
    self.ping = consume ping
    self.pong = consume pong
    watch = HeartbeatWatch(period: period, misses: misses, now: .now)
    check()
  }

  /// Beats for a controller at other endpoints.
  func move(
    from old: (ping: String, pong: String), to new: (ping: String, pong: String)
  ) throws(ZeroMQError) {
    try pong?.disconnect(old.pong)
    try pong?.connect(new.pong)
    try ping?.disconnect(old.ping)
    try ping?.connect(new.ping)
  }

  /// Expects pings of a hub with which the engine has registered again.
  func expect(period: Duration, misses: Int) {
    guard ping != nil else { return }
    watch = HeartbeatWatch(period: period, misses: misses, now: .now)
    check()
  }

  /// Stops beating, closes the sockets and ends the thread.
  func stop() {
    if let pingSource { loop.cancel(pingSource) }
    if let checking { loop.cancel(checking) }
    pingSource = nil
    checking = nil
    watch = nil
    ping = nil
    pong = nil
    loop.stop()
  }

  private func beat() {
    var isBack = false
    do {
      while try ping?.receive(into: &frames) ?? false {
        let isFirst = watch?.ping(at: .now) == true
        lease.ping(isFirst: isFirst)
        if isFirst { isBack = true }
        try pong?.send(&frames)
      }
    } catch {
      failures.log(.error, "heartbeat failed", to: logger, metadata: [LogKey.reason: "\(error)"])
    }
    guard isBack else { return }
    onChange(.resumed)
    // After a loss nobody checks any more.
    if checking == nil { arm() }
  }

  private func check() {
    // An engine that was stopped finds the pings of that time.
    beat()
    arm()
  }

  private func arm() {
    if let checking { loop.cancel(checking) }
    checking = nil
    switch watch?.check(at: .now) {
    case nil: return
    case .lost: onChange(.stopped)
    case .alive(let deadline):
      checking = loop.schedule(at: deadline) { [weak self] in self?.assumeIsolated { $0.check() } }
    }
  }
}
