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
  private var frames = Multipart(minimumCapacity: 2)
  private var watch: HeartbeatWatch?
  private let logger: Logger
  private var failures = LogThrottle()
  private let onLoss: @Sendable () -> Void

  /// Creates a heart, which is idle before ``start(_:endpoints:options:period:misses:)``.
  ///
  /// - Parameters:
  ///   - loop: the heart's own; ``stop()`` ends it.
  ///   - onLoss: called when the pings have stopped for too long.
  init(loop: EventLoop, logger: Logger, onLoss: @escaping @Sendable () -> Void) {
    self.loop = loop
    self.logger = logger
    self.onLoss = onLoss
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
    guard misses > 0 else { return }
    let watch = HeartbeatWatch(period: period, misses: misses, now: .now)
    self.watch = watch
    check()
  }

  /// Stops beating, closes the sockets and ends the thread.
  func stop() {
    if let pingSource { loop.cancel(pingSource) }
    pingSource = nil
    watch = nil
    ping = nil
    pong = nil
    loop.stop()
  }

  private func beat() {
    do {
      while try ping?.receive(into: &frames) ?? false {
        watch?.ping(at: .now)
        try pong?.send(&frames)
      }
    } catch {
      failures.log(.error, "heartbeat failed", to: logger, metadata: [LogKey.reason: "\(error)"])
    }
  }

  private func check() {
    switch watch?.check(at: .now) {
    case nil: return
    case .lost: onLoss()
    case .alive(let deadline):
      _ = loop.schedule(at: deadline) { [weak self] in self?.assumeIsolated { $0.check() } }
    }
  }
}
