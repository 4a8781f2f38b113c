import MartletWire

@testable import MartletClient
@testable import MartletController

/// A client: the real states of its requests and of the watch of its controller, with drivers that mirror `Connection`.
final class SimulatedClient: SimulatedPeer {
  /// What waits for a reply.
  enum Waiter: Sendable {
    case task(Int)
    case question(Int)
  }

  var outstanding = OutstandingRequests<Waiter>()
  private(set) var watch: ControllerWatchState
  private var marks = BreakMarks()
  private(set) var isRefusing = false
  private let alarm = Alarm()
  private var requests = 0
  /// How often tasks were sent again.
  private var copies: [Int: Int] = [:]
  /// What to do with the answers to questions.
  private var questions: [Int: (QuestionOutcome) -> Void] = [:]

  enum QuestionOutcome {
    case answer(JSONValue)
    /// The hub refuses the question or does not answer in time.
    case refused(JSONValue)
    case timeout
    /// The connection broke.
    case lost
  }

  private static let requestChannels: [Channel: RequestChannel] = [.query: .query, .task: .task]
  private static let queryTimeout = Duration.seconds(30)

  init(_ world: Simulation, name: String, instance: String) {
    watch = ControllerWatchState(
      timing: .init(timeout: .seconds(30), hasFile: true), instance: instance, now: world.timeline.now)
    super.init(world, name: name)
  }

  func start() {
    for channel in [Channel.query, .task, .notification] { link(channel).connect(after: .zero) }
  }

  // MARK: - Requests

  func submit(_ task: Int) {
    guard !isRefusing else { return world.ledger.ended(task, .refused) }
    let id = world.ledger.tasks[task].id
    let kept = world.scenario.hasJournal ? KeptRequest(Self.request(id), sent: now) : nil
    _ = outstanding.add(id, on: .task, engines: [], context: .task(task), kept: kept)
    link(.task).sendUp(.submit(task: task, copy: 0))
    beginWatching()
  }

  private static func request(_ id: String) -> Request {
    Request(channel: .task, type: MessageType.applyRequest, id: id, expected: [])
  }

  /// Sends a task again that the controller never had.
  ///
  /// - Returns: whether it was sent: if not, the controller may have had it.
  func sendAgain(_ task: Int, coverage: Double?) -> Bool {
    guard let coverage, let kept = outstanding.kept(world.ledger.tasks[task].id),
      kept.isCovered(by: coverage, at: now)
    else { return false }
    world.trace("\(name) sends task \(task) again")
    copies[task, default: 0] += 1
    link(.task).sendUp(.submit(task: task, copy: copies[task, default: 0]))
    return true
  }

  func abort(_ tasks: [Int]) { link(.task).sendUp(.abort(tasks: tasks)) }

  /// Asks the hub about requests.
  func ask(_ content: JSONValue, then handle: @escaping (QuestionOutcome) -> Void) {
    guard !isRefusing else { return handle(.lost) }
    requests += 1
    let number = requests
    let id = "\(name)_\(number)"
    questions[number] = handle
    _ = outstanding.add(id, on: .query, engines: [], context: .question(number))
    link(.query).sendUp(.request(type: MessageType.resultRequest, id: id, content: content))
    beginWatching()
    after(Self.queryTimeout) {
      guard self.questions[number] != nil else { return }
      self.outstanding.giveUp(id)
      self.questions.removeValue(forKey: number)?(.timeout)
    }
  }

  override func received(_ letter: Letter, on channel: Channel) {
    watch.heard(at: now)
    switch letter {
    case .result(let task, let answer):
      switch outstanding.reply(to: world.ledger.tasks[task].id) {
      case .expected: world.ledger.ended(task, answer)
      case .late: world.ledger.arrivedLate(task, answer)
      case .unexpected: world.fail("\(name) gets a second reply to task \(task)")
      }
    case .answer(let id, let type, let content):
      if let number = Int(id) {
        return perform(watch.answered(number, instance: content["instance"]?.stringValue, at: now))
      }
      guard case .expected(.question(let number)) = outstanding.reply(to: id) else { return }
      let isGood = type == MessageType.resultReply && content["status"]?.stringValue == "ok"
      questions.removeValue(forKey: number)?(isGood ? .answer(content) : .refused(content))
    case .notification: break
    default: world.fail("\(letter) goes to \(name)")
    }
    arm()
  }

  /// Ends a task without its reply, unless that has arrived.
  func end(_ task: Int, _ answer: Answer) {
    guard outstanding.giveUp(world.ledger.tasks[task].id) != nil else { return }
    world.ledger.ended(task, answer)
  }

  // MARK: - The controller

  override func connected(_ channel: Channel) {
    let channel = Self.requestChannels[channel]
    perform(channel.map { watch.connected($0, at: now) } ?? watch.receiverConnected(at: now))
  }

  override func broke(_ channel: Channel) {
    marks.broke(Self.requestChannels[channel], at: outstanding.mark)
    perform(watch.connectionBroke(Self.requestChannels[channel], at: now))
  }

  private func beginWatching() {
    guard !alarm.isSet else { return }
    watch.waitBegan(at: now)
    arm()
  }

  private func arm() {
    alarm.set(at: watch.nextTick(after: now, isWaiting: outstanding.count > 0), on: self) {
      self.perform(self.watch.tick(at: self.now, isWaiting: self.outstanding.count > 0))
    }
  }

  private func perform(_ actions: [ControllerWatchState.Action]) {
    for action in actions {
      switch action {
      case .ping(let number):
        link(.query).sendUp(.request(type: MessageType.connectionRequest, id: String(number), content: [:]))
      case .resume(let isRestarted):
        if isRestarted { marks.controllerWasReplaced() }
        resume()
      case .giveUp: giveUp()
      case .readFile, .renewEngines: break
      }
    }
    arm()
  }

  private func resume() {
    world.trace("\(name) resumes")
    isRefusing = false
    var tasks: [Int] = []
    for request in outstanding.requests(before: marks.mark(of:)) {
      switch request.context {
      case .question(let number):
        outstanding.giveUp(request.id)
        questions.removeValue(forKey: number)?(.lost)
      case .task(let task): tasks.append(task)
      }
    }
    if !tasks.isEmpty { Recovery(tasks, of: self).start() }
  }

  private func giveUp() {
    world.trace("\(name) gives up")
    isRefusing = true
    for waiter in outstanding.giveUpAll() {
      switch waiter {
      case .task(let task): world.ledger.ended(task, .controllerLost)
      case .question(let number): questions.removeValue(forKey: number)?(.lost)
      }
    }
    for link in allLinks { link.reopen() }
    watch.reopened(at: now)
    for channel in RequestChannel.allCases where !Self.requestChannels.values.contains(channel) {
      perform(watch.connected(channel, at: now))
    }
  }
}
