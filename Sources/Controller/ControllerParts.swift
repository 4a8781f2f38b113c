import Logging
import MartletWire
import MartletZeroMQ

/// The parts of a controller: the event loops, and the actors pinned to them that own the sockets.
struct ControllerParts: Sendable {
  let hub: Hub
  let tasks: TaskScheduler
  let mux: DirectRelay
  let control: DirectRelay
  let iopub: IOPubRelay
  let broadcast: BroadcastScheduler
  let hearts: HeartMonitor
  private let journal: Journal?
  private let gate: Gatekeeper?
  /// Declared after the parts whose sockets it watches, so it is released after them.
  private let connections: ConnectionWatch
  /// In the order in which they stop: a loop that reports to the hub or submits to the scheduler stops before it.
  private let loops: [EventLoop]

  /// Binds all sockets; nothing runs before ``start(engineInfo:clientInfo:restoringEngines:recovery:patience:)``.
  ///
  /// - Throws: ``ConnectionError``, `ZeroMQError` or ``WireError``.
  ///
  /// - Parameters:
  ///   - opened: the journal, if there is one.
  ///   - plan: whom to admit; `nil` for anyone who has the controller's public key.
  init(
    sockets: ControllerSockets, endpoints: inout EndpointBinder, opened: Journal.Opened?,
    admitting plan: Gatekeeper.Plan?, logger: Logger, shutDown: @escaping @Sendable () -> Void
  ) throws {
    let (heartLoop, relayLoop) = (try EventLoop(name: "heart"), try EventLoop(name: "relay"))
    let (taskLoop, hubLoop) = (try EventLoop(name: "task"), try EventLoop(name: "hub"))
    let storeLoop = sockets.configuration.store.kind == .sqlite ? try EventLoop(name: "store") : nil
    let journalLoop = opened == nil ? nil : try EventLoop(name: "journal")
    loops = [heartLoop, relayLoop, taskLoop, hubLoop] + [storeLoop, journalLoop].compactMap(\.self)
    if let opened, let journalLoop {
      journal = Journal(opened, loop: journalLoop, logger: logger)
    } else {
      journal = nil
    }
    // First of all, since sockets without a gatekeeper admit everybody.
    gate = try plan.map { try Gatekeeper($0, context: sockets.context, loop: heartLoop, logger: logger) }
    hub = try Hub(
      sockets: sockets, endpoints: &endpoints, loop: hubLoop, storeLoop: storeLoop, journal: journal,
      admission: gate?.admission, logger: logger, shutDown: shutDown)
    tasks = try TaskScheduler(
      sockets: sockets, endpoints: &endpoints, loop: taskLoop, hub: hub, journal: journal, logger: logger)
    mux = try DirectRelay(
      .mux, sockets: sockets, endpoints: &endpoints, loop: relayLoop, hub: hub, scheduler: tasks, logger: logger)
    control = try DirectRelay(
      .control, sockets: sockets, endpoints: &endpoints, loop: relayLoop, hub: hub, scheduler: tasks, logger: logger)
    iopub = try IOPubRelay(sockets: sockets, endpoints: &endpoints, loop: relayLoop, hub: hub, logger: logger)
    broadcast = try BroadcastScheduler(sockets: sockets, endpoints: &endpoints, loop: relayLoop, logger: logger)
    hearts = try HeartMonitor(sockets: sockets, endpoints: &endpoints, loop: heartLoop, hub: hub, logger: logger)
    connections = ConnectionWatch(endpoints.watched, limits: .ofProcess, loop: heartLoop, logger: logger)
  }

  /// Starts the loops and begins to serve.
  ///
  /// - Parameters:
  ///   - engineInfo: the engines' connection file, for engines.
  ///   - clientInfo: the clients', for engines; `nil` if they are not to have it.
  ///   - restoringEngines: whether to restore the engines of the saved table.
  ///   - recovery: what the journal says.
  ///   - patience: how long the engines of an earlier controller have to come back.
  /// - Throws: `ZeroMQError` when the process is out of threads.
  func start(
    engineInfo: JSONValue, clientInfo: JSONValue?, restoringEngines: Bool, recovery: JournalRecovery?,
    patience: Duration
  ) async throws {
    do {
      for loop in loops { try loop.start() }
    } catch {
      // A loop that has ended runs the calls of stop(), one that was never started would let them wait.
      for loop in loops { loop.stop() }
      throw error
    }
    await tasks.startJournaling()
    var onEngines: [String: Set<String>] = [:]
    if let recovery { onEngines = await tasks.restore(recovery, patience: patience) }
    // First of all: requests that wait in the sockets may be for engines of an earlier controller, and find none before.
    await hub.start(
      engineInfo: engineInfo, clientInfo: clientInfo, observers: [tasks, mux, control, broadcast],
      taskScheduler: tasks, hearts: hearts, control: control, restoring: restoringEngines, tasks: onEngines)
    await tasks.start()
    await mux.start()
    await control.start()
    await iopub.start()
    await broadcast.start()
    await hearts.start()
    await connections.start()
    await gate?.start(connections)
  }

  /// Stops serving and waits for the loops' threads to end. The sockets close with the last reference to the parts.
  ///
  /// - Returns: whether the journal keeps unfinished tasks.
  func stop() async -> Bool {
    await gate?.stop()
    await connections.stop()
    await hearts.stop()
    await mux.stop()
    await control.stop()
    await iopub.stop()
    await broadcast.stop()
    await tasks.stop()
    await hub.stop()
    let isContinued = await journal?.close() ?? false
    for loop in loops {
      loop.stop()
      await loop.waitUntilStopped()
    }
    return isContinued
  }
}
