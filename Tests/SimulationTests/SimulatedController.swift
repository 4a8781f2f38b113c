import MartletWire
import MartletZeroMQ

@testable import MartletController

/// A controller: the real states of task scheduler, hub and heart monitor with drivers that send over simulated links.
///
/// The drivers mirror those of the same names in `Sources/Controller`, which own sockets. Loops call each other with a
/// short delay.
final class SimulatedController: SimulatedProcess {
  var scheduler: TaskSchedulerState<Parcel>
  var hub: HubState
  var hearts: HeartMonitorState
  /// Which controller it is, in the order of their starts.
  let run: Int

  let store: any TaskStore
  /// Reports that the hub hasn't read.
  var backlog: [HubEvent] = []
  /// Tasks for engines that can't be reached.
  var held: [HeldTask] = []
  /// The tasks that were ready after the latest event.
  var waiting: [Int] = []
  var unreachable: Set<EngineIdentity> = []
  /// Guards against recorded messages, which are told apart by their numbers.
  var replays = ReplayFilter()
  /// The scheduler's side of the journal; `nil` without one.
  var journaling: Journaling<Outgoing>?
  var journal: SimulatedJournal?
  /// The messages of open tasks, for the journal.
  var messages: [String: HeldMessage] = [:]
  /// The runs whose replies have arrived since entries were last passed on.
  var unconfirmed: [Int] = []
  let schedulerAlarm = Alarm()
  let retryAlarm = Alarm()
  let hubAlarm = Alarm()
  let lookAlarm = Alarm()
  let heartAlarm = Alarm()
  let extraPing = Alarm()
  let reconnectionPing = Alarm()

  struct HeldTask {
    let task: Int
    let engine: EngineIdentity
    let attempt: Int
  }

  /// How long a call from one loop to another takes.
  static let hop = Duration.microseconds(50)

  init(_ world: Simulation, run: Int, store: any TaskStore) {
    self.run = run
    self.store = store
    scheduler = TaskSchedulerState(configuration: world.scenario.scheduling, seed: world.number())
    hub = HubState(
      configuration: .init(
        registrationTimeout: .seconds(30), heartbeatPeriod: .seconds(3),
        returnAfter: world.scenario.scheduling.looksAhead ? EnginePace.patience : nil, instance: "run \(run)",
        hasJournal: world.scenario.hasJournal))
    hearts = HeartMonitorState(start: Instant(world.timeline.now))
    super.init(world, name: "controller \(run)")
  }

  /// Starts to serve, with the engines of an earlier controller if there is a table.
  func start(restoring table: JSONValue?) {
    if world.scenario.hasJournal { hub.returns.expect(openJournal()) }
    if let table { hub.restore(table, at: moment) }
    actHub()
    armHearts()
  }

  func received(_ letter: Letter, on link: Link) {
    switch letter {
    case .submit(let task, let copy): submit(task, copy: copy)
    case .abort(let tasks): abort(tasks)
    case .request(let type, let id, let content): request(type, id: id, content, from: link.owner.name)
    case .reply(let reply): replied(reply, from: link.owner.name)
    case .probeAnswer(let number, let run): probeAnswered(number, run: run, by: link.owner.name)
    case .pong(let text): pong(text, from: link.owner.name)
    default: world.fail("\(letter) goes to the controller")
    }
  }

  func connected(_ link: Link) {
    switch link.channel {
    case .ping:
      extraPing.set(at: now + .milliseconds(10), on: self) { self.sendPing(self.hearts.currentPing) }
    case .notification:
      hub.subscribed(at: moment)
      actHub()
    default: break
    }
  }

  func disconnected(_ link: Link) {
    guard link.channel == .pong else { return }
    hearts.disconnected(EngineIdentity(link.owner.name), now: moment.instant)
    awaitReconnections()
  }

  var moment: Moment { Moment(instant: Instant(now), date: world.date) }

  // MARK: - Hearts

  private func armHearts() {
    heartAlarm.set(at: ContinuousClock.Instant(hearts.nextDeadline), on: self) {
      if let beat = self.hearts.advance(to: self.moment.instant) {
        if !beat.stoppedHearts.isEmpty { self.report(.heartsStopped(beat.stoppedHearts.map(\.rawValue))) }
        self.sendPing(beat.ping)
      }
      self.armHearts()
    }
  }

  private func sendPing(_ text: String) {
    for engine in world.engines { _ = engine.links[.ping]?.sendDown(.ping(text)) }
  }

  private func pong(_ text: String, from name: String) {
    switch hearts.pong(from: EngineIdentity(name), text, now: moment.instant) {
    case .first, .stranger: report(.heartsStarted([name]))
    case .onTime, .late, .stale: break
    }
  }

  private func awaitReconnections() {
    guard hearts.hasSilentHearts, !reconnectionPing.isSet else { return }
    reconnectionPing.set(at: now + HeartMonitorState.silenceInterval, on: self) {
      let stopped = self.hearts.endSilent(now: self.moment.instant)
      if !stopped.isEmpty { self.report(.heartsStopped(stopped.map(\.rawValue))) }
      guard self.hearts.hasSilentHearts else { return }
      self.sendPing(self.hearts.currentPing)
      self.awaitReconnections()
    }
  }
}
