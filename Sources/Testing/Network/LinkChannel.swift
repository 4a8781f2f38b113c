import MartletWire
import MartletZeroMQ

/// One of the connections between an engine and the controller: a socket on each side, and what is on its way between them.
///
/// It belongs to the thread of its loop.
final class LinkChannel {
  /// How messages pass.
  enum Kind {
    /// Both ways, for one engine; the controller's side has this name in messages to the engine.
    case routed(name: String)
    /// From the controller to engines that have subscribed.
    case toSubscribers
    /// From engines to the controller, which has subscribed.
    case fromPublishers
  }

  enum Direction { case toEngine, toController }

  private let kind: Kind
  private let engine: Bytes
  private let loop: EventLoop
  private let isLost: (Losses.Kind) -> Bool
  private let engineSide: Socket
  private let controllerSide: Socket
  private var toEngine = DelayLine<[Bytes]>()
  private var toController = DelayLine<[Bytes]>()
  private var sources: [EventLoop.Token] = []
  private var timer: EventLoop.Token?
  private var message = Multipart()

  /// The time that each message takes. Those that are on their way arrive accordingly.
  var delay = Duration.zero { didSet { passOn() } }

  /// The most messages one callback takes.
  private static let batch = 64
  /// After how long to try again to reach an engine that has not connected yet.
  private static let pause = Duration.milliseconds(2)

  /// Opens the sockets. They are connected by ``start(from:to:)``.
  ///
  /// - Parameters:
  ///   - engine: the engine's uuid.
  ///   - isLost: asked about each task and result whether it gets lost.
  /// - Throws: the errno when the process is out of descriptors.
  init(
    _ kind: Kind, engine: String, context: Context, loop: EventLoop,
    isLost: @escaping (Losses.Kind) -> Bool
  ) throws(ZeroMQError) {
    self.kind = kind
    self.engine = Bytes(engine)
    self.loop = loop
    self.isLost = isLost
    var options = SocketOptions()
    options.linger = .zero
    switch kind {
    case .routed(let name):
      var named = options
      named.identity = Bytes(name)
      named.mandatory = true
      engineSide = try Socket(context, .router, options: named)
      options.identity = Bytes(engine)
      controllerSide = try Socket(context, .dealer, options: options)
    case .toSubscribers:
      engineSide = try Socket(context, .xpublish, options: options)
      controllerSide = try Socket(context, .xsubscribe, options: options)
    case .fromPublishers:
      engineSide = try Socket(context, .xsubscribe, options: options)
      controllerSide = try Socket(context, .xpublish, options: options)
    }
  }

  /// Connects to the controller and lets the engine connect.
  ///
  /// - Throws: the errno, `EADDRINUSE` if a channel at that endpoint was closed a moment ago.
  func start(from controller: String, to engine: String) throws(ZeroMQError) {
    try engineSide.bind(engine)
    try controllerSide.connect(controller)
    sources = [
      loop.onReadable(controllerSide) { [weak self] in self?.receive(.toEngine) },
      loop.onReadable(engineSide) { [weak self] in self?.receive(.toController) },
    ]
  }

  /// Passes nothing on any more. The sockets are closed with the channel.
  func stop() {
    for source in sources { loop.cancel(source) }
    if let timer { loop.cancel(timer) }
    (sources, timer) = ([], nil)
  }

  private func receive(_ direction: Direction) {
    for _ in 0..<Self.batch {
      let isThere =
        switch direction {
        case .toEngine: try? controllerSide.receive(into: &message)
        case .toController: try? engineSide.receive(into: &message)
        }
      guard isThere == true else { break }
      if let kind = Losses.Kind(of: message), isLost(kind) { continue }
      if case .routed = kind, direction == .toController { message.removeFirst() }
      let frames = (0..<message.count).map { message.take($0) }
      switch direction {
      case .toEngine: toEngine.add(frames, at: .now)
      case .toController: toController.add(frames, at: .now)
      }
    }
    passOn()
  }

  /// Delivers what has arrived.
  private func passOn() {
    if let timer { loop.cancel(timer) }
    let next = [passOnToEngine(now: .now), passOnToController(now: .now)].compactMap(\.self).min()
    timer = next.map { loop.schedule(at: $0) { [weak self] in self?.passOn() } }
  }

  /// - Returns: when to look again.
  private func passOnToEngine(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
    while let frames = toEngine.first(delay: delay, now: now) {
      message.removeAll()
      if case .routed = kind { message.append(engine) }
      for frame in frames { message.append(frame) }
      // The engine may not be there yet.
      if (try? engineSide.send(&message)) == .unroutable { return now + Self.pause }
      toEngine.removeFirst()
    }
    return toEngine.due(delay: delay)
  }

  /// - Returns: when to look again.
  private func passOnToController(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
    while let frames = toController.first(delay: delay, now: now) {
      message.removeAll()
      for frame in frames { message.append(frame) }
      _ = try? controllerSide.send(&message)
      toController.removeFirst()
    }
    return toController.due(delay: delay)
  }
}
