import MartletWire

@testable import MartletController

/// A cluster in virtual time: the state machines of controller, clients and engines, with a network between them and faults
/// that are drawn at random from a seed. The same seed gives the same run.
///
/// Nothing here waits or computes: thousands of runs take a minute. The drivers, which own sockets and threads, are
/// replaced by small ones that do the same with simulated links; tests with real processes check the real ones.
final class Simulation {
  /// A rule that is broken on purpose, to see that it is noticed.
  enum Sabotage: CaseIterable {
    /// A task that is queued again is never dispatched.
    case dropsRequeues
    case deliversTwice
    /// What could not be sent to an engine that is gone counts as sent.
    case losesUnsent
    /// All tasks of an engine that is gone count as not begun.
    case requeuesBegun
    /// Engines begin what waits in them although they may have been given up.
    case ignoresLease
    /// Engines that retire leave without the controller's word.
    case leavesUnconfirmed
    /// What follows from entries of the journal is sent before they are committed.
    case actsBeforeCommit
    /// A task that is taken over counts as given to no engine.
    case forgetsPlacements
    /// Messages that an earlier controller has had are not replays.
    case forgetsReplays
    /// Engines don't send replies again.
    case forgetsReplies
    /// All tasks have the same priority.
    case ignoresPriorities
    /// The scheduler doesn't know what tasks require.
    case ignoresResources
    /// The scheduler doesn't know how much time tasks need.
    case sendsWithoutTime
    /// Engines begin tasks that need more time than they have left.
    case ignoresTimes
  }

  let timeline = Timeline()
  let date = Timestamp.now
  let sabotage: Sabotage?
  private var random: SplitMix64
  private(set) var scenario: Scenario!
  private(set) var ledger: Ledger!
  private(set) var faults: Faults!
  let records: Records
  private(set) var controller: SimulatedController?
  private(set) var clients: [SimulatedClient] = []
  private(set) var engines: [SimulatedEngine] = []
  private var store: any TaskStore = NoTaskStore()
  private var controllers = 0
  /// When the next controller starts, if there is none.
  private(set) var controllerStart: ContinuousClock.Instant
  private var startingEngines = 0
  /// The hub's table of engines, as it is on disk.
  var savedEngines: JSONValue?
  /// The journal, as it is on disk.
  let disk = JournalDisk()

  private(set) var failures: [String] = []
  private let isTracing: Bool
  /// What happened, for a run that failed.
  private(set) var story: [String] = []

  /// The most events of a run: more mean that something goes round in circles.
  private static let eventLimit = 200_000

  init(seed: UInt64, sabotage: Sabotage? = nil, isTracing: Bool = false) throws {
    random = SplitMix64(seed: seed)
    self.sabotage = sabotage
    self.isTracing = isTracing
    controllerStart = timeline.start
    records = try Records()
    scenario = Scenario(self)
    ledger = Ledger(self)
    faults = Faults(self)
  }

  // MARK: - Chance

  func number() -> UInt64 { random.next() }
  func pick(below limit: Int) -> Int { Int(random.next() % UInt64(max(limit, 1))) }
  func chance(_ probability: Double) -> Bool { Double(random.next() >> 11) < probability * 0x1p53 }
  func latency() -> Duration { .microseconds(20 + pick(below: Int(scenario.latency / .microseconds(1)))) }

  /// The date, in seconds.
  var seconds: Double { timeline.elapsed / .seconds(1) + 1_000_000 }

  // MARK: - A run

  /// Runs until everything has ended.
  ///
  /// - Returns: what is wrong; empty if all went well.
  func run() -> [String] {
    if scenario.recordsTasks { store = MemoryTaskStore() }
    if scenario.hasJournal { disk.horizon = seconds - scenario.journalAge }
    startController(restoring: nil)
    for number in 0..<scenario.clients {
      let client = SimulatedClient(self, name: "client \(number)", instance: "run 1")
      clients.append(client)
      client.start()
    }
    for _ in 0..<scenario.engines { startEngine() }
    for task in scenario.tasks.indices { plan(task) }
    for _ in 0..<scenario.faults {
      let time = timeline.start + .milliseconds(pick(below: Int(scenario.faultTime / .milliseconds(1))))
      timeline.schedule(at: time) { self.faults.happen() }
    }
    var isOver = false
    look { isOver = true }
    while !isOver, failures.isEmpty, timeline.step() {
      if timeline.count > Self.eventLimit { fail("more than \(Self.eventLimit) events") }
    }
    return failures
  }

  private func plan(_ task: Int) {
    let plan = scenario.tasks[task]
    ledger.planned(.init(id: Scenario.id(task), client: plan.client))
    let client = clients[plan.client]
    timeline.schedule(at: timeline.start + plan.submitted) { client.perform { client.submit(task) } }
    guard let delay = plan.aborted else { return }
    timeline.schedule(at: timeline.start + plan.submitted + delay) {
      client.perform {
        self.ledger.aborted(task)
        client.abort([task])
      }
    }
  }

  /// Looks once a second whether the run is over, or should be.
  private func look(_ end: @escaping () -> Void) {
    timeline.schedule(at: timeline.now + .seconds(1)) { [self] in
      guard timeline.elapsed > scenario.faultTime, timeline.now > faults.end else { return look(end) }
      if !engines.contains(where: { $0.isAlive }), startingEngines == 0 { startEngine() }
      let left = ledger.areAllEnded || timeline.now > deadline ? ledger.checkQuiet() : ["tasks"]
      if left.isEmpty { return end() }
      if timeline.now > deadline { return fail("still there after \(timeline.elapsed): \(left)") }
      look(end)
    }
  }

  /// When everything must have ended: there are no faults any more, and the time is that of all attempts, probes and
  /// heartbeats.
  private var deadline: ContinuousClock.Instant {
    let work = scenario.tasks.reduce(Duration.zero) { $0 + $1.duration * ($1.retries + 2) }
    return faults.end + .seconds(300) + work
  }

  // MARK: - Processes

  static func engineName(_ number: Int) -> String { "engine \(number)" }

  func engine(_ name: String) -> SimulatedEngine? { engines.first { $0.name == name } }

  func peer(_ name: String) -> SimulatedPeer? { engine(name) ?? clients.first { $0.name == name } }

  func startEngine() {
    // The last ones of a run stay.
    let isLimited = scenario.hasTimes && timeline.elapsed < scenario.faultTime && chance(0.5)
    let engine = SimulatedEngine(
      self, name: Self.engineName(engines.count),
      lifetime: isLimited ? .milliseconds(1000 + pick(below: 40_000)) : nil)
    trace("\(engine.name) starts")
    engines.append(engine)
    engine.start()
  }

  /// An engine's process has ended. Its parent may be there to notice, and may start another one.
  func engineEnded(_ engine: SimulatedEngine) {
    if chance(0.6) {
      timeline.schedule(at: timeline.now + .milliseconds(20 + pick(below: 500))) { [self] in
        guard let controller else { return }
        controller.perform {
          controller.request(
            MessageType.unregistrationRequest, id: "parent", ["uuid": .string(engine.name), "reason": "it was killed"],
            from: "parent")
        }
      }
    }
    guard chance(0.7) else { return }
    startingEngines += 1
    timeline.schedule(at: timeline.now + .milliseconds(300 + pick(below: 3000))) { [self] in
      startingEngines -= 1
      startEngine()
    }
  }

  func killController(restartingAfter duration: Duration) {
    guard let controller else { return }
    trace("\(controller.name) is killed")
    controller.end()
    self.controller = nil
    ledger.controllerEnded()
    for peer in engines as [SimulatedPeer] + clients where peer.isAlive {
      for link in peer.allLinks { link.breakDown(reconnectingAfter: .milliseconds(100 + pick(below: 400))) }
    }
    let table = scenario.hasJournal || chance(0.6) ? savedEngines : nil
    let keepsStore = chance(0.5)
    controllerStart = timeline.now + duration
    timeline.schedule(at: controllerStart) { [self] in
      if scenario.recordsTasks, !keepsStore { store = MemoryTaskStore() }
      startController(restoring: table)
    }
  }

  private func startController(restoring table: JSONValue?) {
    if scenario.kills.indices.contains(controllers) {
      let run = controllers + 1
      timeline.schedule(at: timeline.now + scenario.kills[controllers]) { [self] in
        if self.controller?.run == run { faults.restartController() }
      }
    }
    controllers += 1
    let controller = SimulatedController(self, run: controllers, store: store)
    trace("\(controller.name) starts")
    self.controller = controller
    controller.start(restoring: table)
  }

  // MARK: - Messages

  /// A message is lost with its connection.
  func lost(_ letter: Letter, on link: Link) {
    trace("\(letter) is lost on \(link.name)")
    switch letter {
    case .dispatch(let task, _): ledger.lostOnTheWay[link.owner.name, default: []].insert(task)
    case .reply(let reply): ledger.lostOnTheWay[link.owner.name, default: []].insert(reply.task)
    default: break
    }
  }

  /// What the hub records of a task, if it records any.
  func record(task id: String) -> RecordedMessage? { record { try records.task(id) } }

  /// What the hub records of a reply, if it records any.
  func record(_ answer: Answer, of id: String) -> RecordedMessage? { record { try records.result(answer, of: id) } }

  private func record(_ record: () throws -> RecordedMessage) -> RecordedMessage? {
    scenario.recordsTasks ? make(record) : nil
  }

  /// Makes a message.
  func make<Made>(_ message: () throws -> Made) -> Made? {
    do {
      return try message()
    } catch {
      fail("a message can't be made: \(error)")
      return nil
    }
  }

  /// Somebody sends a message again that was heard on its way to a controller. After a restart only what was accepted is
  /// known as a replay: the rest was lost, and is sent again by its client.
  func replay(_ task: Int, copy: Int, heardBy run: Int) {
    timeline.schedule(at: timeline.now + .milliseconds(pick(below: 10_000))) { [self] in
      guard let controller else { return }
      let truth = ledger.tasks[task]
      let isKnown = truth.acceptedCopies.contains(copy) && !(truth.isClosed && scenario.forgetsResults)
      guard controller.run == run || isKnown else { return }
      controller.perform { controller.submit(task, copy: copy) }
    }
  }

  // MARK: - Verdicts

  func fail(_ text: String) {
    trace("FAILURE: \(text)")
    failures.append(text)
  }

  func trace(_ text: @autoclosure () -> String) {
    if isTracing { story.append("\(timeline.elapsed) \(text())") }
  }
}
