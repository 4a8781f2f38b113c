import Logging
import MartletWire
import MartletZeroMQ

/// What a controller is made of: the loops, and the actors pinned to them that own the sockets.
struct ControllerParts: Sendable {
  let hub: Hub
  let tasks: TaskScheduler
  let mux: DirectRelay
  let control: DirectRelay
  let iopub: IOPubRelay
  let broadcast: BroadcastScheduler
  let hearts: HeartMonitor
  /// Behind those whose sockets it watches, so that it is released after them.
  private let handshakes: HandshakeWatch
  /// In the order in which they stop: who reports to the hub or gives tasks to the scheduler stops before.
  private let loops: [EventLoop]

  /// Starts the loops and binds all sockets.
  ///
  /// - Throws: ``ConnectionError``, `ZeroMQError` or ``WireError``; nothing is left running then.
  init(
    sockets: ControllerSockets, endpoints: inout EndpointBinder, logger: Logger,
    shutDown: @escaping @Sendable () -> Void
  ) throws {
    var loops: [EventLoop] = []
    do {
      let isThreaded = sockets.configuration.store.kind == .sqlite
      for name in ["heart", "relay", "task", "hub"] + (isThreaded ? ["store"] : []) {
        loops.append(try EventLoop(name: name))
      }
      let (heartLoop, relayLoop, taskLoop, hubLoop) = (loops[0], loops[1], loops[2], loops[3])
      hub = try Hub(
        sockets: sockets, endpoints: &endpoints, loop: hubLoop, storeLoop: isThreaded ? loops[4] : nil,
        logger: logger, shutDown: shutDown)
      tasks = try TaskScheduler(sockets: sockets, endpoints: &endpoints, loop: taskLoop, hub: hub, logger: logger)
      mux = try DirectRelay(
        .mux, sockets: sockets, endpoints: &endpoints, loop: relayLoop, hub: hub, scheduler: tasks, logger: logger)
      control = try DirectRelay(
        .control, sockets: sockets, endpoints: &endpoints, loop: relayLoop, hub: hub, scheduler: tasks, logger: logger)
      iopub = try IOPubRelay(sockets: sockets, endpoints: &endpoints, loop: relayLoop, hub: hub, logger: logger)
      broadcast = try BroadcastScheduler(sockets: sockets, endpoints: &endpoints, loop: relayLoop, logger: logger)
      hearts = try HeartMonitor(sockets: sockets, endpoints: &endpoints, loop: heartLoop, hub: hub, logger: logger)
      handshakes = try HandshakeWatch(endpoints.monitored, context: sockets.context, loop: heartLoop, logger: logger)
    } catch {
      for loop in loops { loop.stop() }
      throw error
    }
    self.loops = loops
  }

  /// Begins to serve.
  func start(engineInfo: JSONValue, restoringEngines: Bool) async {
    await tasks.start()
    await mux.start()
    await control.start()
    await iopub.start()
    await broadcast.start()
    await hearts.start()
    await handshakes.start()
    await hub.start(
      engineInfo: engineInfo, observers: [tasks, mux, broadcast], taskScheduler: tasks, hearts: hearts,
      restoring: restoringEngines)
  }

  /// Stops serving and waits for the loops' threads to end; the sockets close with the last reference to the parts.
  func stop() async {
    await handshakes.stop()
    await hearts.stop()
    await mux.stop()
    await control.stop()
    await iopub.stop()
    await broadcast.stop()
    await tasks.stop()
    await hub.stop()
    for loop in loops {
      loop.stop()
      await loop.waitUntilStopped()
    }
  }

  /// Lets the threads of loops end that never served.
  func stopLoops() {
    for loop in loops { loop.stop() }
  }
}
