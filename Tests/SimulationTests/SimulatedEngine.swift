import MartletWire
import MartletZeroMQ

@testable import MartletController
@testable import MartletEngine

/// An engine: the real states of registration, heart and queue, with drivers that mirror `EngineConnection`, `Heart` and
/// `RequestRunner`.
final class SimulatedEngine: SimulatedPeer {
  enum Item: Sendable {
    case task(Int, attempt: Int)
    case probe(number: Int, run: Int)

    var task: Int? {
      if case .task(let task, _) = self { task } else { nil }
    }
  }

  /// The uuid is the process's name.
  private(set) var id: Int?
  private var presence: ControllerPresenceState?
  private var hasBrokenEarly = false
  private var isConnected = false
  private var watch: HeartbeatWatch?
  private let presenceAlarm = Alarm()
  private let pingAlarm = Alarm()

  var queue = RequestQueue<Item>()
  var replays = ReplayFilter()
  /// The run of the task that the engine is at.
  var execution: Int?
  var running: Item?
  var patience: Duration?
  var longWatch: LongRequestWatch?
  /// Whether tasks may begin.
  var lease: TaskLease?
  /// Replies that the controller may ask for again, each of which names its place among those sent; `nil` if it doesn't.
  private var recent: RecentReplies?
  private var sent: [Reply] = []
  private var requests = 0

  /// For how long it lives after its registration; `nil` without an end.
  private let lifetime: Duration?
  /// When its time is over.
  private(set) var end: ContinuousClock.Instant?

  /// How far it is if it is about to leave.
  private(set) var retirement: EngineRetirement?

  /// Whether the engine has been asked to end, or has decided to.
  private(set) var isLeaving = false

  /// Whether the engine is registered, as far as it knows.
  var isRegistered: Bool { presence != nil && presence?.missingSince == nil }

  init(_ world: Simulation, name: String, lifetime: Duration?) {
    self.lifetime = lifetime
    super.init(world, name: name)
  }

  func start() {
    link(.registration).connect(after: world.latency())
    register()
    after(.seconds(10)) { if self.presence == nil { self.exit() } }
  }

  override func received(_ letter: Letter, on channel: Channel) {
    switch letter {
    case .answer(_, MessageType.registrationReply, let content): registrationAnswered(content)
    case .answer(_, MessageType.retirementReply, _): retirement?.confirmed()
    case .ping(let text): ping(text)
    case .order(.reregister): perform(presence?.asked(at: now))
    case .order(.shutDown): leave()
    case .dispatch(let task, let attempt): accept(task, attempt: attempt)
    case .probe(let number, let run): add(.probe(number: number, run: run), id: "probe")
    case .abort(let tasks): abort(tasks)
    default: world.fail("\(letter) goes to \(name)")
    }
  }

  // MARK: - Registration

  override func connected(_ channel: Channel) {
    guard channel == .registration else { return }
    isConnected = true
    perform(presence?.connected(at: now))
  }

  override func broke(_ channel: Channel) {
    guard channel == .registration else { return }
    isConnected = false
    if presence == nil { hasBrokenEarly = true }
    perform(presence?.connectionBroke(at: now))
  }

  private func register() {
    var content: [String: JSONValue] = [
      "uuid": .string(name), "returns_tasks": true, "reregisters": true, "resources": ["gpu": 2],
    ]
    if let id { content["id"] = .int(id) }
    if let left = end.map({ $0 - now }) ?? lifetime {
      content["time_left"] = .double(max(left, .zero) / .seconds(1))
    }
    if var attempts = recent?.attempts {
      for case .task(let task, let attempt) in queue.all { attempts[world.ledger.tasks[task].id] = attempt }
      content["tasks"] = .object(attempts.mapValues { .int($0) })
    }
    send(MessageType.registrationRequest, content)
    retirement?.registersAgain()
  }

  private func send(_ type: String, _ content: [String: JSONValue]) {
    requests += 1
    link(.registration).sendUp(.request(type: type, id: "\(name)_\(requests)", content: .object(content)))
  }

  private func registrationAnswered(_ content: JSONValue) {
    let reply: RegistrationReply
    do {
      reply = try RegistrationReply(content: content)
    } catch {
      guard presence != nil else { return exit() }
      presence?.refused(at: now)
      return armPresence()
    }
    id = reply.id
    watch = HeartbeatWatch(period: reply.heartbeatPeriod, misses: 50, now: now)
    if !mayBegin { returnTasks() }
    if reply.takesBack { renewLease(gap: HeartbeatWatch.gap(period: reply.heartbeatPeriod)) }
    if reply.hasJournal { recent = recent ?? RecentReplies() }
    sendAgain(reply.tasks)
    checkPings()
    guard presence == nil else {
      presence?.registered()
      if retirement != nil {
        retirement?.registeredAgain()
        sendRetirement()
      }
      return armPresence()
    }
    presence = ControllerPresenceState(policy: .reconnect, limit: .seconds(60))
    patience = reply.returnAfter
    if let lifetime {
      end = now + lifetime
      after(lifetime / 2) { self.retire(within: lifetime / 2) }
    }
    for channel in [Channel.shell, .control, .ping, .pong] { link(channel).connect(after: world.latency()) }
    guard hasBrokenEarly else { return }
    perform(presence?.connectionBroke(at: now))
    if isConnected { perform(presence?.connected(at: now)) }
  }

  /// Sends a reply with which a task ends here, and keeps it.
  func send(_ reply: Reply, attempt: Int) {
    if recent != nil {
      var message = Multipart()
      message.append(Bytes("\(sent.count)"))
      recent?.add(message, to: world.ledger.tasks[reply.task].id, attempt: attempt)
      sent.append(reply)
    }
    link(.shell).sendUp(.reply(reply))
  }

  private func sendAgain(_ ids: Set<String>) {
    guard world.sabotage != .forgetsReplies else { return }
    for kept in recent?.replies(to: ids) ?? [] {
      guard let number = kept.frames.first.flatMap({ Int($0.string) }) else { continue }
      var reply = sent[number]
      reply.attempt = kept.attempt
      world.trace("\(name) sends its reply to task \(reply.task) again")
      link(.shell).sendUp(.reply(reply))
    }
  }

  private func perform(_ actions: [ControllerPresenceState.Action]?) {
    for action in actions ?? [] {
      switch action {
      case .register: register()
      case .readFile: break
      case .lose:
        world.ledger.lostController(name)
        return exit()
      }
    }
    armPresence()
  }

  private func armPresence() {
    presenceAlarm.set(at: presence?.nextTick(after: now), on: self) {
      self.perform(self.presence?.tick(at: self.now))
    }
  }

  // MARK: - Heart

  private func ping(_ text: String) {
    let isBack = watch?.ping(at: now) == true
    lease?.ping(isFirst: isBack, at: now)
    link(.pong).sendUp(.pong(text))
    guard isBack else { return }
    if !mayBegin { returnTasks() }
    perform(presence?.pingsResumed(at: now))
    if !pingAlarm.isSet { checkPings() }
  }

  private func checkPings() {
    switch watch?.check(at: now) {
    case nil: break
    case .lost: perform(presence?.pingsStopped(at: now))
    case .alive(let deadline): pingAlarm.set(at: deadline, on: self) { self.checkPings() }
    }
  }

  // MARK: - The end

  /// Finishes what it runs, returns what waits, and leaves.
  func retire(within grace: Duration) {
    guard isAlive, !isLeaving, retirement == nil else { return }
    guard presence != nil else { return leave() }
    world.trace("\(name) retires")
    retirement = EngineRetirement(grace: grace, now: now)
    sendRetirement()
    stepRetirement()
  }

  private func sendRetirement() { send(MessageType.retirementRequest, ["uuid": .string(name)]) }

  private func stepRetirement() {
    guard isAlive, !isLeaving else { return }
    returnTasks()
    if world.sabotage == .leavesUnconfirmed { retirement?.confirmed() }
    switch retirement?.step(isIdle: queue.runningNumber == nil, isConnected: isConnected, now: now) {
    case nil: break
    case .wait(let time): after(time) { self.stepRetirement() }
    case .leave:
      if retirement?.isConfirmed ?? false { world.ledger.retired(name) }
      leave()
    case .leaveUnfinished: leave()
    }
  }

  /// Leaves in order: unregisters, and what it has sent still arrives.
  func leave() {
    guard isAlive, !isLeaving else { return }
    isLeaving = true
    world.trace("\(name) leaves")
    if let id { send(MessageType.unregistrationRequest, ["id": .int(id)]) }
    exit()
  }

  private func exit() {
    guard isAlive else { return }
    world.trace("\(name) ends")
    world.ledger.ended(name)
    let links = allLinks
    end()
    for link in links { link.close() }
    world.engineEnded(self)
  }

  /// Dies at once.
  ///
  /// - Parameter losesSent: whether what it has sent and has not arrived is lost, too.
  func crash(losesSent: Bool) {
    guard isAlive else { return }
    world.trace("\(name) crashes")
    world.ledger.ended(name)
    let links = allLinks
    end()
    for link in links {
      if losesSent { link.breakDown(reconnectingAfter: nil) } else { link.close() }
    }
    world.engineEnded(self)
  }
}
