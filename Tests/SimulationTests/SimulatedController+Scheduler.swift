import MartletWire

@testable import MartletController

/// The driver of the task scheduler.
extension SimulatedController {
  func submit(_ task: Int, copy: Int) {
    guard replays.insert(Self.fingerprint(task, copy)) else {
      world.ledger.replaysRefused += 1
      return
    }
    if world.scenario.replays, world.chance(0.5) { world.replay(task, copy: copy, heardBy: run) }
    let id = world.ledger.tasks[task].id
    report(.requested(taskID: id, .task, engine: nil, size: 0, world.record(task: id)))
    var submission = world.scenario.submission(of: task, copy: copy)
    if world.sabotage == .ignoresPriorities { submission.priority = 0 }
    if world.sabotage == .ignoresResources { submission.demand?.resources = [:] }
    if world.sabotage == .sendsWithoutTime { submission.demand?.time = nil }
    scheduler.taskSubmitted(submission, now: moment.instant)
    actScheduler()
  }

  /// Stands for the signature of a task's message.
  static func fingerprint(_ task: Int, _ copy: Int) -> UInt64 { UInt64(task) * 1000 + UInt64(copy) + 2 }

  func abort(_ tasks: [Int]) {
    scheduler.abort(ids: tasks.map { world.ledger.tasks[$0].id })
    actScheduler()
    for engine in world.engines { _ = engine.links[.control]?.sendDown(.abort(tasks: tasks)) }
  }

  func replied(_ reply: Reply, from engine: String) {
    if let execution = reply.execution, world.ledger.reached(execution) { unconfirmed.append(execution) }
    let id = world.ledger.tasks[reply.task].id
    scheduler.replyArrived(
      from: EngineIdentity(engine), taskID: id, outcome: reply.outcome, attempt: reply.attempt, reply: .reply(reply),
      now: moment.instant)
    actScheduler()
  }

  func probeAnswered(_ number: Int, run: Int, by engine: String) {
    guard run == self.run else { return }
    scheduler.probeAnswered(by: EngineIdentity(engine), number: number, now: moment.instant)
    actScheduler()
  }

  /// From the hub: an engine can take tasks.
  func engineRegistered(_ uuid: String, id: Int, _ abilities: EngineAbilities, tasks: [String: Int]? = nil) {
    after(Self.hop) {
      self.scheduler.engineRegistered(EngineIdentity(uuid), id: id, abilities, tasks: tasks, now: self.moment.instant)
      self.actScheduler()
    }
  }

  /// From the hub: an engine is about to leave.
  func engineRetires(_ uuid: String) {
    after(Self.hop) {
      self.scheduler.engineRetires(EngineIdentity(uuid), now: self.moment.instant)
      self.actScheduler()
    }
  }

  /// From the hub: an engine is gone.
  func engineUnregistered(_ uuid: String, _ departure: EngineDeparture) {
    after(Self.hop) {
      let engine = EngineIdentity(uuid)
      var unsent = self.takeUnsent(of: engine)
      if self.world.sabotage == .losesUnsent { unsent = [] }
      if self.world.sabotage == .requeuesBegun { unsent = self.scheduler.pendingIDs(on: engine) }
      self.scheduler.engineUnregistered(engine, departure, unsent: unsent, now: self.moment.instant)
      self.actScheduler()
    }
  }

  func actScheduler() {
    while let action = scheduler.nextAction() { perform(action) }
    postEntries()
    world.ledger.check(scheduler)
    waiting = world.ledger.ready(scheduler)
    schedulerAlarm.set(at: scheduler.nextDeadline.map { ContinuousClock.Instant($0) }, on: self) {
      self.scheduler.advance(to: self.moment.instant)
      self.actScheduler()
    }
  }

  private func perform(_ action: TaskSchedulerAction<Parcel>) {
    switch action {
    case .dispatch(.task(let task, _), _, let engine, let attempt):
      world.ledger.checkOrder(task, waiting, scheduler)
      if world.sabotage == .dropsRequeues, attempt > 1 { return }
      emit(.task(HeldTask(task: task, engine: engine, attempt: attempt)))
    case .changed(.task(let task, let copy), let id, let change): note(task, copy, id, change)
    case .deliver(.reply(let reply), let id, let engine, _):
      end(
        reply.task, id, .reply(reply), ReplySender(engine: engine.rawValue, isAborted: reply.outcome == .aborted))
      if world.sabotage == .deliversTwice { send(.reply(reply), of: reply.task) }
    case .fail(.task(let task, _), let id, let reason, _):
      world.ledger.failed(task, reason)
      end(task, id, .failure(reason), ReplySender())
    case .requeued(let id): report(.returned(taskID: id))
    case .probe(let engine, let number): emit(.probe(engine, number: number))
    case .retired(let engine): emit(.retirement(engine))
    case .unknownReply: world.ledger.unknownReplies += 1
    case .duplicate(.task(_, copy: 0), let id): world.fail("\(id) is in flight twice")
    case .duplicate: break
    default: world.fail("the scheduler's driver does not know \(action)")
    }
  }

  func probe(_ engine: EngineIdentity, _ number: Int) {
    guard !unreachable.contains(engine) else { return }
    _ = world.engine(engine.rawValue)?.link(.shell).sendDown(.probe(number: number, run: run))
  }

  /// Sends an answer to its client.
  ///
  /// - Returns: whether there is a connection.
  @discardableResult
  func send(_ answer: Answer, of task: Int) -> Bool {
    let client = world.clients[world.ledger.tasks[task].client]
    let isSent = client.link(.task).sendDown(.result(task: task, answer))
    if !isSent { world.ledger.undeliverable += 1 }
    return isSent
  }

  func dispatch(_ task: HeldTask) {
    guard !unreachable.contains(task.engine) else { return held.append(task) }
    let letter = Letter.dispatch(task: task.task, attempt: task.attempt)
    if world.engine(task.engine.rawValue)?.link(.shell).sendDown(letter) == true {
      world.ledger.dispatched(task.task, to: task.engine.rawValue)
      report(.dispatched(taskID: world.ledger.tasks[task.task].id, engine: task.engine.rawValue))
    } else {
      held.append(task)
      unreachable.insert(task.engine)
      retryAlarm.set(at: now + .milliseconds(50), on: self) { self.retry() }
    }
  }

  private func retry() {
    let waiting = held
    held = []
    unreachable = []
    for task in waiting where scheduler.isPending(world.ledger.tasks[task.task].id, on: task.engine) { dispatch(task) }
    actScheduler()
  }

  private func takeUnsent(of engine: EngineIdentity) -> [String] {
    let uncommitted = takeUncommitted(for: engine)
    guard unreachable.remove(engine) != nil else { return uncommitted }
    let unsent = held.filter { $0.engine == engine }.map { world.ledger.tasks[$0.task].id }
    held.removeAll { $0.engine == engine }
    return unsent + uncommitted
  }
}
