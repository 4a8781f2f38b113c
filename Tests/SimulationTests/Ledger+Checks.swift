@testable import MartletClient
@testable import MartletController
@testable import MartletEngine

/// What must be true of each event.
extension Ledger {
  /// A task goes only to an engine that has as much time left as the task needs, as far as the scheduler can know: what the
  /// engine has told it was on the way for a while.
  func checkTime(of task: Int, dispatchedTo name: String) {
    guard let time = world.scenario.tasks[task].time, let engine = world.engine(name), let end = engine.end,
      !troubled.contains(name), !cutOff.contains(name)
    else { return }
    if time > end - engine.now + .milliseconds(500) {
      world.fail("\(tasks[task].id) needs \(time) and goes to \(name), which has \(end - engine.now)")
    }
  }

  /// A task begins only on an engine that has as much time left as the task needs.
  func checkTime(of task: Int, begunOn name: String) {
    guard let time = world.scenario.tasks[task].time, let engine = world.engine(name), let end = engine.end else {
      return
    }
    if time > end - engine.now { world.fail("\(tasks[task].id) begins on \(name), which has too little time") }
  }

  /// A task may begin again only if each earlier run is known to have failed, or the scheduler could not know of it.
  func checkBegin(_ task: Int, on engine: String) {
    let earlier = tasks[task].executions
    guard !earlier.isEmpty, !isUnawareOfLoss(engine) else { return }
    let plan = world.scenario.tasks[task]
    var excused = 0
    var reported = 0
    for execution in earlier {
      let run = executions[execution]
      // The reply of an engine that was given up may come, but counts for nothing.
      if run.hasReachedScheduler, !isUnawareOfLoss(run.engine), let outcome = run.outcome, outcome != .ok {
        reported += outcome == .unmetDependency ? 1 : 0
      } else if isBeyondKnowledge(run) {
        excused += 1
      }
    }
    let begins = earlier.count + 1
    if begins > 1 + plan.retries + reported + excused {
      world.fail("\(tasks[task].id) begins \(begins) times with \(plan.retries) retries")
    }
  }

  /// Whether the scheduler takes a run for one that has not begun, as Protocol.md says: the reply to an earlier task was
  /// lost with the engine, or the engine was given up while it lived.
  private func isBeyondKnowledge(_ run: Execution) -> Bool {
    if isUnawareOfLoss(run.engine) { return true }
    if world.scenario.hasJournal {
      // The engine tells what it has.
      let canTell = !deadEngines.contains(run.engine) && !zombies.contains(run.engine) && !cutOff.contains(run.engine)
      if canTell { return false }
    } else if world.faults.restarts > 0 {
      return true
    }
    return executions.contains {
      $0.engine == run.engine && $0.began < run.began && !$0.hasReachedScheduler
    } || !(lostOnTheWay[run.engine] ?? []).isEmpty
  }

  /// Whether an engine was given up while it lived and couldn't know: one that was cut off can't, one that was stopped can.
  private func isUnawareOfLoss(_ engine: String) -> Bool { zombies.contains(engine) && cutOff.contains(engine) }

  /// An engine that is lost has been in trouble, and was given the task.
  func checkLoss(_ task: Int, _ loss: EngineLoss) {
    let engine = loss.engine.rawValue
    // It may have been killed before it sent the task.
    let wasGiven = tasks[task].engines.contains(engine) || world.scenario.hasJournal && world.faults.restarts > 0
    if !wasGiven { world.fail("\(tasks[task].id) was never on \(engine)") }
    if !troubled.contains(engine), !deadEngines.contains(engine) { world.fail("\(engine) is healthy, but lost") }
    if retiredEngines.contains(engine) { world.fail("\(tasks[task].id) was lost with \(engine), which had retired") }
    if loss.isAtLimit, loss.count < 3 { world.fail("\(tasks[task].id) took only \(loss.count) engines") }
  }

  /// A task that is unanswered is not on the engine, and its reply is not on the way.
  func checkUnanswered(_ task: Int, _ engine: String) {
    if world.engine(engine)?.has(task) == true { world.fail("\(engine) has \(tasks[task].id), which is given up") }
    if !(lostOnTheWay[engine] ?? []).contains(task) { world.fail("\(tasks[task].id) or its reply was not lost") }
  }

  /// A task that fails as never begun has not begun, unless that run failed.
  func checkUnbegun(_ task: Int, _ reason: TaskFailureReason) {
    for execution in tasks[task].executions {
      let run = executions[execution]
      let isOver = run.hasReachedScheduler && run.outcome != .ok
      guard !isOver, !isBeyondKnowledge(run), !deadEngines.contains(run.engine), !troubled.contains(run.engine) else {
        continue
      }
      if (lostOnTheWay[run.engine] ?? []).contains(task) { continue }
      world.fail("\(tasks[task].id) fails with \(reason), but had begun on \(run.engine)")
    }
    if reason == .aborted, !tasks[task].isAborted { world.fail("nobody has aborted \(tasks[task].id)") }
  }

  /// The end that a client sees is true.
  func checkEnd(_ task: Int, _ answer: Answer) {
    let plan = world.scenario.tasks[task]
    let id = tasks[task].id
    switch answer {
    case .reply(let reply):
      guard reply.task == task else { return world.fail("\(id) ends with the reply to task \(reply.task)") }
      guard let execution = reply.execution else {
        if !tasks[task].isAborted { world.fail("\(id) ends as \(reply.outcome)") }
        return
      }
      guard executions[execution].task == task, executions[execution].outcome == reply.outcome else {
        return world.fail("\(id) ends with a reply that no engine gave")
      }
      if reply.outcome == .failed, plan.isUnrestricted, !tasks[task].isAborted,
        tasks[task].engines.count + (world.scenario.hasJournal ? world.faults.restarts : 0) <= plan.retries
      {
        world.fail("\(id) fails after \(tasks[task].engines.count) attempts, with \(plan.retries) retries")
      }
    case .failure(.taskTimeout) where plan.timeout == nil, .failure(.demandTimeout) where plan.timeout == nil:
      world.fail("\(id) times out without a timeout")
    case .failure(.impossibleDependency) where plan.isUnrestricted && plan.unmetEngines == 0 && plan.time == nil:
      world.fail("\(id) has no dependency that could be impossible")
    case .failure(.queueFull) where world.scenario.scheduling.queueLimit == .none: world.fail("\(id): no queue is full")
    case .controllerLost, .refused:
      if !world.faults.hidController || world.scenario.hasJournal && world.faults.hiddenTime < .seconds(25) {
        world.fail("\(id) ends as lost, but the controller was there")
      }
    case .unrecorded:
      let isKept = world.scenario.hasJournal && !world.scenario.forgetsResults && tasks[task].isClosed
      if isKept || world.scenario.recordsTasks && world.faults.restarts == 0 {
        world.fail("the result of \(id) is recorded")
      }
    case .unknown, .failure: break
    }
  }

  /// A task that a client gives up as unknown is unknown to the scheduler, and will be.
  func checkUnknown(_ task: Int) {
    let id = tasks[task].id
    checkJournaled(task)
    guard let controller = world.controller else { return }
    if let known = controller.scheduler.tasks.find(id), !controller.scheduler.tasks[known].phase.isFinished {
      world.fail("\(id) is given up as unknown, but the scheduler has it")
    }
    if world.clients[tasks[task].client].link(.task).hasUnsent {
      world.fail("\(id) is given up as unknown, but may still wait in its client")
    }
  }

  /// With a journal, what was accepted is known as long as the result is kept, and what was not is sent again.
  private func checkJournaled(_ task: Int) {
    let scenario = world.scenario!
    guard scenario.hasJournal else { return }
    if !tasks[task].acceptedCopies.isEmpty, !(tasks[task].isClosed && scenario.forgetsResults) {
      world.fail("\(tasks[task].id) is given up as unknown, but was accepted")
    }
    // The journal was old enough, and has forgotten nothing.
    if scenario.journalAge > 0, !scenario.forgetsResults {
      world.fail("\(tasks[task].id) is given up as unknown, and was not sent again")
    }
  }

  /// The tasks of no engine require more than it offers, after each event of the scheduler.
  private func checkResources(_ scheduler: TaskSchedulerState<Parcel>) {
    let demanding = openTasks.filter { world.scenario.tasks[$0].gpus > 0 }
    // One task alone can't require more.
    guard demanding.count > 1 else { return }
    for engine in world.engines {
      let pending = Set(scheduler.pendingIDs(on: EngineIdentity(engine.name)))
      let gpus = demanding.filter { pending.contains(tasks[$0].id) }.reduce(0) { $0 + world.scenario.tasks[$1].gpus }
      if gpus > 2 { world.fail("the tasks of \(engine.name) require \(gpus) of 2") }
    }
  }

  /// No engine has more tasks than it may, after each event of the scheduler.
  func check(_ scheduler: TaskSchedulerState<Parcel>) {
    checkResources(scheduler)
    let configuration = world.scenario.scheduling
    guard configuration.hwm != 0, configuration.scheme != .pure else { return }
    let limit = configuration.hwm ?? (configuration.looksAhead ? 32 : 1)
    for engine in world.engines {
      if let load = scheduler.load(of: EngineIdentity(engine.name)), load > limit {
        world.fail("\(engine.name) has \(load) tasks, more than \(limit)")
      }
    }
  }

  /// The tasks that any engine may take and none has had room for.
  func ready(_ scheduler: TaskSchedulerState<Parcel>) -> [Int] {
    openTasks.filter { task in
      scheduler.tasks.find(tasks[task].id).map { scheduler.tasks[$0].phase == .ready } ?? false
    }
  }

  /// A task that is given to an engine has no lower priority than those that were ready before the event and still are.
  func checkOrder(_ task: Int, _ waiting: [Int], _ scheduler: TaskSchedulerState<Parcel>) {
    let ready = Set(self.ready(scheduler))
    let priority = world.scenario.tasks[task].priority
    for other in waiting where ready.contains(other) && world.scenario.tasks[other].priority > priority {
      world.fail("\(tasks[task].id) overtakes \(tasks[other].id), which has a higher priority")
    }
  }

  /// What must be true at the end: nothing is left anywhere.
  func checkQuiet() -> [String] {
    var left: [String] = []
    func expect(_ count: Int, _ name: String) { if count != 0 { left.append("\(count) \(name)") } }
    expect(openTasks.count, "tasks without an end: \(openTasks.map { tasks[$0].id })")
    for client in world.clients { expect(client.outstanding.count, "requests outstanding at \(client.name)") }
    for engine in world.engines where engine.isAlive {
      expect(engine.queue.count + (engine.running == nil ? 0 : 1), "requests on \(engine.name)")
      if !registeredEngines.contains(engine.name) { left.append("\(engine.name) lives, but is not registered") }
    }
    if let controller = world.controller {
      expect(controller.scheduler.usage.tasks, "tasks in flight")
      expect(controller.scheduler.queuedCount + controller.scheduler.waitingCount, "tasks queued")
      expect(controller.scheduler.pendingCount, "tasks pending")
      expect(controller.held.count, "tasks held")
      expect(controller.hub.requests.pendingCount, "requests pending at the hub")
      expect(controller.hub.questions.count, "questions to the store")
      if controller.scheduler.engineCount != registeredEngines.count {
        left.append("the scheduler has \(controller.scheduler.engineCount) engines, the hub \(registeredEngines.count)")
      }
      if controller.journaling?.isQuiet == false { left.append("something waits for the journal") }
      expect(controller.messages.count, "messages of tasks")
      if left.isEmpty { left = controller.scheduler.problems() + (controller.journal?.problems() ?? []) }
    }
    return left
  }
}
