import Logging
import MartletWire
import MartletZeroMQ

/// Answers the hub's pings, on a thread of its own so that a busy engine still beats.
///
/// Every ping that the SUB socket gets goes back as it is on a DEALER, whose identity tells the hub whose heart it is
/// (ipyparallel/controller/heartmonitor.py, `Heart`).
actor Heart {
  nonisolated private let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private var ping: Socket?
  private var pong: Socket?
  private var pingSource: EventLoop.Token?
  private var frames = Multipart(minimumCapacity: 2)
  private var watch: HeartbeatWatch?
  private let logger: Logger
  private let onLoss: @Sendable () -> Void

  /// A heart that does not beat yet.
  ///
  /// - Parameter onLoss: called when the pings have stopped for too long.
  init(logger: Logger, onLoss: @escaping @Sendable () -> Void) throws(ZeroMQError) {
    loop = try EventLoop(name: "engine-heart")
    self.logger = logger
    self.onLoss = onLoss
  }

  /// Connects and begins to beat.
  ///
  /// - Parameters:
  ///   - endpoints: of the hub's pings and of the answers to them.
  ///   - options: identity and keys of the engine's sockets.
  ///   - period: how often the hub pings.
  ///   - misses: after how many missed pings the hub counts as gone; 0 for never.
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
      logger.error("heartbeat failed", metadata: [LogKey.reason: "\(error)"])
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
