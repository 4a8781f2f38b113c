import MartletWire

@testable import MartletController

/// A random cluster and its work, made from a seed.
struct Scenario {
  struct Task {
    var client = 0
    var submitted = Duration.zero
    var duration = Duration.milliseconds(1)
    var retries = 0
    /// How many runs fail.
    var failures = 0
    /// How many runs end with the death of their engine.
    var crashes = 0
    /// On so many engines of three the functional dependencies are unmet.
    var unmetEngines = 0
    var timeout: Duration?
    var priority: Int8 = 0
    /// How much it requires of the two that each engine offers.
    var gpus = 0
    /// How much of its time an engine must have left to begin it.
    var time: Duration?
    var targets: [String] = []
    var after: [Int] = []
    var follow: [Int] = []
    /// When the client aborts it, after it was submitted.
    var aborted: Duration?

    var isUnrestricted: Bool { targets.isEmpty && after.isEmpty && follow.isEmpty && timeout == nil }

    func isUnmet(on engine: String) -> Bool { engine.utf8.reduce(0) { $0 + Int($1) } % 3 < unmetEngines }

    func crashesEngine(attempt: Int) -> Bool { attempt < crashes }
  }

  var clients = 1
  var engines = 1
  var tasks: [Task] = []
  var scheduling = TaskSchedulerState<Parcel>.Configuration()
  /// Whether the hub records tasks.
  var recordsTasks = false
  /// Whether recorded messages are sent again.
  var replays = false
  /// Whether the time of engines ends, and tasks state how much of it they need.
  var hasTimes = false
  /// How many faults happen, of which kinds, and in which time.
  var faults = 0
  var faultTime = Duration.seconds(5)
  /// Whether the controller has a journal.
  var hasJournal = false
  var journalLimits = JournalLimits()
  /// Whether the journal keeps few results.
  var forgetsResults = false
  /// For how long tasks have been in the journal before.
  var journalAge = 0.0
  /// The controller and its successors are killed so long after their starts.
  var kills: [Duration] = []
  /// The longest time that a message is under way while no connection stalls.
  var latency = Duration.milliseconds(1)

  init(_ world: Simulation) {
    clients = 1 + world.pick(below: 2)
    engines = 1 + world.pick(below: 3)
    recordsTasks = world.chance(0.25)
    replays = world.chance(0.1)
    faults = world.pick(below: 5)
    hasTimes = world.chance(0.3)
    latency = world.chance(0.2) ? .milliseconds(50) : .milliseconds(1)
    scheduling.hwm = [nil, nil, nil, 1, 2, 0][world.pick(below: 6)]
    let schemes = SchedulingScheme.allCases
    scheduling.scheme = world.chance(0.7) ? .leastload : schemes[world.pick(below: schemes.count)]
    scheduling.queueLimit = world.chance(0.1) ? QueueLimit(tasks: 6) : .none
    if world.chance(0.2) { scheduling.historyLimit = 2 }
    let isBurst = world.chance(0.5)
    if world.chance(0.5) { addJournal(world, isBurst: isBurst) }
    for number in 0..<(2 + world.pick(below: 8)) { tasks.append(task(number, isBurst: isBurst, world)) }
  }

  private mutating func addJournal(_ world: Simulation, isBurst: Bool) {
    hasJournal = true
    scheduling.reportsChanges = true
    // So small that what is needed is written again.
    journalLimits.slack = world.pick(below: 2000)
    journalAge = world.chance(0.5) ? 1000 : 0
    if world.chance(0.1) {
      forgetsResults = true
      journalLimits.delivered.count = 1
      journalLimits.undelivered.count = 1
    }
    while kills.count < 3, world.chance(0.6) {
      kills.append(.milliseconds(world.pick(below: !kills.isEmpty ? 1000 : isBurst ? 40 : 4000)))
    }
  }

  private func task(_ number: Int, isBurst: Bool, _ world: Simulation) -> Task {
    var task = Task()
    task.client = world.pick(below: clients)
    task.submitted = .milliseconds(isBurst ? world.pick(below: 3) : world.pick(below: 4000))
    task.duration =
      switch world.pick(below: 10) {
      case 0..<6: .microseconds(50 + world.pick(below: 500))
      case 6..<9: .milliseconds(5 + world.pick(below: 1500))
      default: .seconds(3 + world.pick(below: 15))
      }
    if world.chance(0.4) { task.retries = 1 + world.pick(below: 4) }
    if world.chance(0.15) { task.failures = 1 + world.pick(below: 2) }
    if world.chance(0.04) { task.crashes = 1 + world.pick(below: 4) }
    if world.chance(0.08) { task.unmetEngines = 1 + world.pick(below: 3) }
    if world.chance(0.1) { task.timeout = .milliseconds(1 + world.pick(below: 20_000)) }
    if world.chance(0.2) { task.priority = world.chance(0.5) ? 10 : -10 }
    if world.chance(0.1) { task.targets = (0...world.pick(below: engines)).map { Simulation.engineName($0) } }
    if world.chance(0.2) { task.gpus = 1 + world.pick(below: 2) }
    if hasTimes, world.chance(0.4) { task.time = .milliseconds(1 + world.pick(below: 20_000)) }
    if number > 0, world.chance(0.15) { task.after = [world.pick(below: number)] }
    if number > 0, world.chance(0.1) { task.follow = [world.pick(below: number)] }
    if world.chance(0.08) { task.aborted = .milliseconds(world.pick(below: 2000)) }
    return task
  }

  /// A task as its client submits it.
  ///
  /// - Parameter copy: how often it has done so before.
  func submission(of task: Int, copy: Int) -> TaskSubmission<Parcel> {
    let plan = tasks[task]
    var submission = TaskSubmission(id: Self.id(task), payload: Parcel.task(task, copy: copy))
    submission.isRepeated = copy > 0
    submission.size = 100
    submission.targets = plan.targets.map { EngineIdentity($0) }
    submission.after = TaskDependency(plan.after.map(Self.id), success: true, failure: task % 2 == 0)
    submission.follow = TaskDependency(plan.follow.map(Self.id))
    submission.timeout = plan.timeout
    submission.priority = plan.priority
    if plan.gpus > 0 || plan.time != nil {
      submission.demand = ResourceDemand(
        resources: plan.gpus > 0 ? ["gpu": ResourceAmount(Double(plan.gpus))] : [:], time: plan.time,
        isUrgent: task % 2 == 0)
    }
    submission.retries = plan.retries
    submission.client = "client \(plan.client)"
    return submission
  }

  static func id(_ task: Int) -> String { "task \(task)" }
}
