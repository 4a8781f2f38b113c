@testable import MartletController

/// The truth about the tasks of a simulation, and what is checked against it.
final class Ledger {
  struct Task {
    let id: String
    let client: Int
    /// How it has ended for its client.
    var end: Answer?
    var isAborted = false
    /// The engines it was given to, in that order.
    var engines: [String] = []
    var executions: [Int] = []
    /// The engines whose queues it is in.
    var waitsOn: Set<String> = []
    /// The copies of it that the journal has accepted.
    var acceptedCopies: Set<Int> = []
    /// Whether it has ended according to the journal.
    var isClosed = false
  }

  /// One run of a task on an engine.
  struct Execution {
    let task: Int
    let engine: String
    /// How many runs of the task began before.
    let number: Int
    let began: Duration
    var outcome: TaskOutcome?
    var hasReachedScheduler = false
  }

  unowned let world: Simulation
  private(set) var tasks: [Task] = []
  var executions: [Execution] = []
  /// The tasks that have not ended for their clients, in the order in which they were planned.
  private(set) var openTasks: [Int] = []

  /// Engines to which something has happened that may cost them their registration.
  var troubled: Set<String> = []
  private(set) var deadEngines: Set<String> = []
  /// Engines that left when the controller had no tasks there any more.
  private(set) var retiredEngines: Set<String> = []
  /// Engines whose connections have broken or stalled.
  var cutOff: Set<String> = []
  /// Engines that were given up while they lived.
  private(set) var zombies: Set<String> = []
  private(set) var registeredEngines: Set<String> = []
  private var engineIDs: [String: Int] = [:]
  private var uncommittedRuns: Set<Int> = []
  /// Tasks or replies that were lost on the way, or with a connection, by engine.
  var lostOnTheWay: [String: Set<Int>] = [:]

  var replaysRefused = 0
  var unknownReplies = 0
  var lateReplies = 0
  var undeliverable = 0

  init(_ world: Simulation) { self.world = world }

  var areAllEnded: Bool { openTasks.isEmpty }

  func planned(_ task: Task) {
    openTasks.append(tasks.count)
    tasks.append(task)
  }

  func aborted(_ task: Int) { tasks[task].isAborted = true }

  // MARK: - Engines

  func registered(_ uuid: String, id: Int) {
    registeredEngines.insert(uuid)
    if let former = engineIDs.updateValue(id, forKey: uuid), former != id, world.scenario.hasJournal {
      world.fail("\(uuid) had the id \(former), and has \(id) now")
    }
  }

  func unregistered(_ uuid: String, _ departure: EngineDeparture) {
    registeredEngines.remove(uuid)
    world.trace("\(uuid) is unregistered: \(departure)")
    guard let engine = world.engine(uuid), engine.isAlive else { return }
    zombies.insert(uuid)
    if departure == .silent, !troubled.contains(uuid) { world.fail("\(uuid) is healthy, but given up") }
  }

  /// The engine leaves, having been told that it has no tasks. What an engine had when it was given up counts as lost,
  /// whatever it does later.
  func retired(_ uuid: String) {
    if !zombies.contains(uuid) { retiredEngines.insert(uuid) }
  }

  func ended(_ uuid: String) { deadEngines.insert(uuid) }

  func controllerEnded() {
    registeredEngines = []
    for run in uncommittedRuns { executions[run].hasReachedScheduler = false }
    uncommittedRuns = []
  }

  func lostController(_ uuid: String) {
    if !world.faults.hidController { world.fail("\(uuid) leaves although its controller was there") }
  }

  // MARK: - Tasks on their way

  func dispatched(_ task: Int, to engine: String) {
    world.trace("\(tasks[task].id) goes to \(engine)")
    tasks[task].engines.append(engine)
    checkTime(of: task, dispatchedTo: engine)
    let targets = world.scenario.tasks[task].targets
    guard targets.isEmpty || targets.contains(engine) else {
      return world.fail("\(tasks[task].id) goes to \(engine), no target of it")
    }
  }

  func arrived(_ task: Int, at engine: String) { tasks[task].waitsOn.insert(engine) }

  func forgotten(_ task: Int, by engine: String) { tasks[task].waitsOn.remove(engine) }

  /// An engine begins a task.
  ///
  /// - Returns: the number of the run.
  func began(_ task: Int, on engine: String) -> Int {
    world.trace("\(tasks[task].id) begins on \(engine)")
    tasks[task].waitsOn.remove(engine)
    checkBegin(task, on: engine)
    checkTime(of: task, begunOn: engine)
    executions.append(
      Execution(task: task, engine: engine, number: tasks[task].executions.count, began: world.timeline.elapsed))
    tasks[task].executions.append(executions.count - 1)
    return executions.count - 1
  }

  /// An engine is done with a task.
  func completed(_ execution: Int) -> TaskOutcome {
    let run = executions[execution]
    let plan = world.scenario.tasks[run.task]
    let outcome: TaskOutcome =
      run.number < plan.failures ? .failed : plan.isUnmet(on: run.engine) ? .unmetDependency : .ok
    executions[execution].outcome = outcome
    world.trace("\(tasks[run.task].id) is done on \(run.engine): \(outcome)")
    return outcome
  }

  /// The scheduler ends a task without an engine's reply.
  func failed(_ task: Int, _ reason: TaskFailureReason) {
    world.trace("\(tasks[task].id) fails: \(reason)")
    switch reason {
    case .engineLost(let loss): checkLoss(task, loss)
    case .unanswered(let engine, _): checkUnanswered(task, engine.rawValue)
    case .aborted, .taskTimeout, .demandTimeout, .deadlinePassed, .invalidDependency, .impossibleDependency,
      .unmetDemand, .queueFull:
      checkUnbegun(task, reason)
    }
  }

  /// The reply to a run has reached the scheduler, which may forget it with all that follows before that is committed.
  ///
  /// - Returns: whether it is the first, from which something follows.
  func reached(_ run: Int) -> Bool {
    guard !executions[run].hasReachedScheduler else { return false }
    executions[run].hasReachedScheduler = true
    uncommittedRuns.insert(run)
    return true
  }

  /// What follows from the replies to some runs is known, whatever happens to the controller.
  func committed(_ runs: [Int]) { uncommittedRuns.subtract(runs) }

  /// The journal has an entry about a task.
  func committed(_ kind: JournalEntryKind, of task: Int, copy: Int) {
    switch kind {
    case .accepted: tasks[task].acceptedCopies.insert(copy)
    case .finished, .ended: tasks[task].isClosed = true
    case .placed, .undelivered: break
    }
  }

  // MARK: - Ends

  /// A reply comes when its task has ended for its client.
  func arrivedLate(_ task: Int, _ answer: Answer) {
    lateReplies += 1
    switch (tasks[task].end, answer) {
    case (.reply(let first), .reply(let second)) where first.execution == second.execution: break
    case (.failure, .failure), (.controllerLost, _), (.unknown, _), (.unrecorded, _), (.refused, _): break
    case (let end, _):
      world.fail("\(tasks[task].id) has ended with \(end.map { "\($0)" } ?? "nothing"), and again with \(answer)")
    }
  }

  /// A task ends for its client.
  func ended(_ task: Int, _ answer: Answer) {
    world.trace("\(tasks[task].id) ends: \(answer)")
    guard tasks[task].end == nil else { return world.fail("\(tasks[task].id) ends twice") }
    tasks[task].end = answer
    openTasks.removeAll { $0 == task }
    checkEnd(task, answer)
  }
}
