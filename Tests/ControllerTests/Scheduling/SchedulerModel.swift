import MartletWire

@testable import MartletController

/// A slow and simple model of the scheduler. It scans all tasks to answer a query.
///
/// It doesn't choose engines. It applies the scheduler's actions one by one and checks that each is allowed. After an
/// event it checks that none is missing.
struct SchedulerModel {
  enum Status: Equatable {
    case queued
    case pending(Int)
    case done(success: Bool, engine: Int?)
  }

  enum Verdict: Equatable {
    case wait
    case run(Set<Int>)
    case impossible
    case exhausted
  }

  struct Task {
    var submission: TaskSubmission<Int>
    var status = Status.queued
    var blacklist: Set<Int> = []
    /// Those of the blacklist that failed the task.
    var failed: Set<Int> = []
    var retries: Int
    /// Whether it may run twice.
    var isIdempotent: Bool
    /// How often engines that kept it have got it.
    var attempt = 0
    /// How many attempts have failed and cost a retry, or needed none.
    var failures = 0
    /// How many engines were lost while they ran it.
    var losses = 0
    /// Its number among all dispatches.
    var number = 0
    var deadline: Instant?
    /// The event in which the task became ready for an engine, if any.
    var readySince: Int?
    /// How many tasks had been dispatched then.
    var readyCount = 0
    var endings = 0

    /// Whether the task waits for another engine rather than being tried again where it failed.
    var waitsForAnother: Bool {
      submission.timeout != nil && submission.targets.isEmpty && !submission.retriesAnywhere
    }
  }

  /// One registration of an engine. An identity that registers again is a new engine.
  struct Engine {
    var identity: EngineIdentity
    var offer = Resources()
    /// Whether it has time left for no task that requires some.
    var isShort = false
    /// Whether it runs several tasks at once.
    var isConcurrent = false
    /// Whether the engine may receive tasks ahead.
    var looksAhead = false
    var isRegistered = true
    var deadline: Instant?
  }

  let hwm: Int
  var tasks: [String: Task] = [:]
  var order: [String] = []
  var engines: [Engine] = []
  var event = 0
  /// The engine that returns a task in the current event.
  var returning: Int?
  var dispatchCount = 0
  /// The numbers of the clients' latest dispatches.
  var turns: [String: Int] = [:]

  func load(_ engine: Int) -> Int {
    tasks.values.count { $0.status == .pending(engine) }
  }

  func current(_ identity: EngineIdentity) -> Int? {
    engines.lastIndex { $0.identity == identity }
  }

  var registered: Set<Int> { Set(engines.indices.filter { engines[$0].isRegistered }) }

  func hasRoom(_ engine: Int) -> Bool {
    engines[engine].isRegistered && (hwm == 0 || load(engine) < hwm)
  }

  private func able(_ task: Task) -> Set<Int> {
    guard let demand = task.submission.demand else { return registered }
    return registered.filter {
      engines[$0].offer.covers(demand.resources) && !(engines[$0].isShort && demand.time != nil)
    }
  }

  /// Whether an engine has as much left as a task requires.
  private func fits(_ id: String, _ engine: Int) -> Bool {
    guard let demand = tasks[id]?.submission.demand else { return true }
    var used = demand.resources
    for task in tasks.values where task.status == .pending(engine) {
      used.add(task.submission.demand?.resources ?? Resources())
    }
    return engines[engine].offer.covers(used)
  }

  /// Whether a task that requires resources waits for an engine, which keeps others from them.
  private func isAwaited(_ engine: Int) -> Bool {
    order.contains { id in
      guard tasks[id]?.submission.demand != nil, !fits(id, engine), case .run(let eligible) = verdict(id) else {
        return false
      }
      return eligible.contains(engine)
    }
  }

  /// Whether a task is queued although no engine can run it: until one comes that offers what it requires.
  func waitsForResources(_ id: String) -> Bool {
    guard let task = tasks[id], task.submission.demand != nil, task.status == .queued else { return false }
    return task.submission.targets.isEmpty && task.submission.follow.ids.isEmpty && able(task).isEmpty
      && state(of: task.submission.after).met
  }

  /// Whether an engine may be given a task beside those that it has.
  private func hasSlot(_ id: String, _ engine: Int) -> Bool {
    guard let concurrency = tasks[id]?.submission.concurrency, concurrency > 1, engines[engine].isConcurrent else {
      return false
    }
    let others = tasks.values.filter { $0.status == .pending(engine) }
    return engines[engine].isRegistered && others.allSatisfy { $0.submission.concurrency > 1 }
      && others.count < Int(concurrency)
  }

  /// Whether a task that can't run beside others waits for an engine, which then ends what it has.
  private func mustEnd(_ engine: Int) -> Bool {
    order.contains { id in
      guard let task = tasks[id], task.submission.concurrency < 5, case .run(let eligible) = verdict(id) else {
        return false
      }
      return eligible.contains(engine)
    }
  }

  private func mayBeSent(_ id: String, _ engine: Int) -> Bool {
    (hasRoom(engine) || hasSlot(id, engine)) && fits(id, engine) || mayBeSentAhead(id, engine)
  }

  /// Whether an engine may be given a task beyond its mark, which requires no resources: when no other one is idle for it.
  private func mayBeSentAhead(_ id: String, _ engine: Int) -> Bool {
    guard engines[engine].isRegistered, engines[engine].looksAhead, load(engine) < 16, let task = tasks[id],
      case .run(let eligible) = verdict(id)
    else { return false }
    let submission = task.submission
    let isRestricted = !submission.targets.isEmpty || !submission.follow.ids.isEmpty
    let isTimed = submission.demand?.resources.isEmpty ?? false
    guard submission.demand == nil && (isRestricted || task.blacklist.isEmpty) || isTimed && !isRestricted else {
      return false
    }
    return !eligible.contains { $0 != returning && load($0) == 0 }
  }

  /// Whether a dependency is met, impossible, or neither.
  private func state(of dependency: TaskDependency) -> (met: Bool, impossible: Bool) {
    guard !dependency.ids.isEmpty else { return (true, false) }
    var accepted = 0
    var rejected = 0
    for id in dependency.ids {
      guard case .done(let success, _)? = tasks[id]?.status else { continue }
      if success ? dependency.success : dependency.failure { accepted += 1 } else { rejected += 1 }
    }
    let count = dependency.ids.count
    return dependency.all ? (accepted == count, rejected > 0) : (accepted > 0, rejected == count)
  }

  /// Why a new task is rejected: its dependencies are invalid or already impossible. `nil` if neither.
  func rejection(of submission: TaskSubmission<Int>) -> TaskFailureReason? {
    for (dependency, isAfter) in [(submission.after, true), (submission.follow, false)] where !dependency.ids.isEmpty {
      if !dependency.success && !dependency.failure { return .invalidDependency }
      let invalid = dependency.ids.contains { tasks[$0] == nil || $0 == submission.id }
      if invalid && !(isAfter && !dependency.all && state(of: dependency).met) { return .invalidDependency }
      if state(of: dependency).impossible { return .impossibleDependency }
      if !isAfter && places(submission.follow) == nil { return .impossibleDependency }
    }
    return nil
  }

  /// The engines that satisfy a `follow` dependency; `nil` if none ever will.
  private func places(_ follow: TaskDependency) -> Set<Int>? {
    var places: Set<Int> = []
    for id in follow.ids {
      guard case .done(let success, let engine)? = tasks[id]?.status, success ? follow.success : follow.failure else {
        continue
      }
      guard let engine else {
        if follow.all { return nil }
        continue
      }
      places.insert(engine)
    }
    return follow.all && places.count > 1 ? nil : places
  }

  /// Where a task may run, after all that failed it are forgiven if it may run on no other engine there is.
  func verdict(_ id: String) -> Verdict {
    guard let task = tasks[id] else { return .wait }
    let verdict = verdict(id, without: task.blacklist)
    if case .run = verdict { return verdict }
    guard !registered.isEmpty, !task.failed.isEmpty, !task.waitsForAnother else { return verdict }
    return self.verdict(id, without: task.blacklist.subtracting(task.failed))
  }

  private func verdict(_ id: String, without blacklist: Set<Int>) -> Verdict {
    guard let task = tasks[id], task.status == .queued else { return .wait }
    let submission = task.submission
    let (after, follow) = (state(of: submission.after), state(of: submission.follow))
    let places = places(submission.follow)
    if after.impossible || follow.impossible || places == nil { return .impossible }
    guard after.met, follow.met, let places else { return .wait }
    let targets = registered.filter {
      submission.targets.isEmpty || submission.targets.contains(engines[$0].identity)
    }.intersection(able(task))
    guard !submission.follow.ids.isEmpty else {
      let allowed = targets.subtracting(blacklist)
      if !allowed.isEmpty { return .run(allowed) }
      if !submission.targets.isEmpty { return .impossible }
      if let demand = submission.demand, targets.isEmpty {
        return demand.isUrgent && !registered.isEmpty ? .impossible : .wait
      }
      return targets.isEmpty || submission.timeout != nil ? .wait : .exhausted
    }
    let isOpen = submission.follow.ids.contains { id in
      if case .done? = tasks[id]?.status { false } else { true }
    }
    let allowed = places.subtracting(blacklist)
    if allowed.isEmpty && !places.isEmpty { return isOpen || submission.timeout != nil ? .wait : .exhausted }
    let eligible = allowed.intersection(targets)
    return eligible.isEmpty ? (isOpen ? .wait : .impossible) : .run(eligible)
  }

  /// The tasks that an engine with room could take now.
  var dispatchable: [String] {
    order.filter {
      guard case .run(let eligible) = verdict($0) else { return false }
      let id = $0
      if eligible.contains(where: { hasSlot(id, $0) && !mustEnd($0) && !isAwaited($0) }) { return true }
      guard tasks[$0]?.submission.demand != nil else { return eligible.contains(where: hasRoom) }
      return eligible.contains { engine in hasRoom(engine) && !isAwaited(engine) }
    }
  }

  /// The tasks that the scheduler should have ended.
  var overdue: [String] {
    order.filter { [.impossible, .exhausted].contains(verdict($0)) }
  }

  private func isUnrestricted(_ task: Task) -> Bool {
    isOpen(task) && task.submission.demand == nil
  }

  private func isOpen(_ task: Task) -> Bool {
    task.submission.targets.isEmpty && task.submission.follow.ids.isEmpty && task.blacklist.isEmpty
  }

  /// The queued tasks that require something and should have been given to the engine before this one does.
  private func overtaken(by task: Task, _ id: String, on engine: Int) -> [String] {
    order.filter { other in
      guard other != id, let waiting = tasks[other], waiting.submission.demand != nil, let since = waiting.readySince,
        case .run(let eligible) = verdict(other), eligible.contains(engine)
      else { return false }
      let (left, right) = (task.submission, waiting.submission)
      if left.priority != right.priority { return left.priority < right.priority }
      // One that was taken back has lost its place.
      return left.client == right.client && isOpen(task) && isOpen(waiting) && since >= 0
        && since < task.readySince ?? event
    }
  }

  /// Whether a task that any engine may take has been ready for longer than this event, and has to start before another one.
  private func isBehind(_ task: Task, _ id: String) -> Bool {
    guard let other = tasks[id], isUnrestricted(other), case .run = verdict(id), let since = other.readySince else {
      return false
    }
    let (left, right) = (task.submission, other.submission)
    if left.priority != right.priority { return left.priority < right.priority }
    if left.client == right.client { return since < task.readySince ?? event }
    // The client has had its turn since the other one has waited for its own.
    return turns[left.client] ?? 0 > max(turns[right.client] ?? 0, other.readyCount)
  }

  /// Applies an action. Returns an error description, or nil if the action is allowed.
  mutating func apply(_ action: TaskSchedulerAction<Int>) -> String? {
    if let problem = misreport(action) { return problem }
    switch action {
    case .requeued(let id): return tasks[id]?.status == .queued ? nil : "\(id) is not queued"
    case .dispatch(_, let id, let identity, let attempt):
      forgive(id)
      tasks[id]?.attempt = attempt
      guard let engine = current(identity), mayBeSent(id, engine) else {
        return "\(id) sent to full or gone \(identity)"
      }
      guard case .run(let eligible) = verdict(id), eligible.contains(engine) else { return "\(id) not for \(identity)" }
      if let task = tasks[id], isUnrestricted(task) {
        let overtaken = order.filter { $0 != id && isBehind(task, $0) }
        if !overtaken.isEmpty { return "\(id) overtook \(overtaken)" }
      } else if let task = tasks[id], task.submission.demand != nil {
        let overtaken = overtaken(by: task, id, on: engine)
        if !overtaken.isEmpty { return "\(id) overtook \(overtaken) on \(identity)" }
      }
      dispatchCount += 1
      if let client = tasks[id]?.submission.client { turns[client] = dispatchCount }
      tasks[id]?.number = dispatchCount
      tasks[id]?.status = .pending(engine)
      tasks[id]?.deadline = nil
      tasks[id]?.readySince = nil
      return nil
    case .deliver(_, let id, let engine, _):
      guard verdict(id) == .exhausted else { return "\(id) delivered from \(engine) too early" }
      return end(id, success: false, engine: nil)
    case .fail(_, let id, .unmetDemand, _) where tasks[id]?.submission.demand == nil: return "\(id) requires nothing"
    case .fail(_, let id, .impossibleDependency, _), .fail(_, let id, .unmetDemand, _):
      guard verdict(id) == .impossible else { return "\(id) is not impossible" }
      return end(id, success: false, engine: nil)
    case .fail(_, let id, .engineLost, _), .fail(_, let id, .unanswered, _):
      guard [.exhausted, .impossible].contains(verdict(id)) else { return "\(id) has not lost its engine" }
      return end(id, success: false, engine: nil)
    default: return "unexpected \(action)"
    }
  }

  /// What is wrong with the failed attempts that an end of a task tells of, if anything is: all that failed before the last one.
  func misreport(_ action: TaskSchedulerAction<Int>) -> String? {
    switch action {
    case .deliver(_, let id, _, let failures?), .fail(_, let id, _, let failures?):
      let numbers = failures.map(\.number)
      if numbers != numbers.sorted() || Set(numbers).count != numbers.count { return "\(id) has failed at \(numbers)" }
      // The last failure may be the end itself.
      let expected = tasks[id]?.failures ?? 0
      return (expected - 1...expected).contains(failures.count)
        ? nil : "\(id): \(failures.count) of \(expected) failures"
    case .fail(_, let id, _, nil):
      let failures = tasks[id]?.failures ?? 0
      return failures > 0 ? "\(id) does not tell of \(failures) failures" : nil
    default: return nil
    }
  }

  mutating func end(_ id: String, success: Bool, engine: Int?) -> String? {
    if case .done? = tasks[id]?.status { return "\(id) ended twice" }
    tasks[id]?.status = .done(success: success, engine: engine)
    tasks[id]?.endings += 1
    return nil
  }

  /// Queues a task again after a failure on an engine.
  mutating func requeue(_ id: String, without engine: Int, isForGood: Bool = false, now: Instant) {
    tasks[id]?.status = .queued
    tasks[id]?.blacklist.insert(engine)
    if !isForGood {
      tasks[id]?.failed.insert(engine)
      tasks[id]?.failures += 1
    }
    let timeout = tasks[id]?.submission.timeout
    tasks[id]?.deadline = timeout.map { now + $0 }
  }

  /// Queues a returned task ahead of all others of its client and priority.
  mutating func takeBack(_ id: String, now: Instant) {
    tasks[id]?.status = .queued
    tasks[id]?.readySince = -1
    tasks[id]?.readyCount = dispatchCount
    let timeout = tasks[id]?.submission.timeout
    tasks[id]?.deadline = timeout.map { now + $0 }
  }

  /// The tasks of an engine in the order in which they were dispatched.
  func pending(on engine: Int) -> [String] {
    order.filter { tasks[$0]?.status == .pending(engine) }.sorted {
      (tasks[$0]?.number ?? 0) < (tasks[$1]?.number ?? 0)
    }
  }

  /// Forgives the engines that failed a queued task, if it may run nowhere else.
  private mutating func forgive(_ id: String) {
    guard let task = tasks[id], task.status == .queued, !task.failed.isEmpty, !registered.isEmpty else { return }
    guard !task.waitsForAnother else { return }
    if case .run = verdict(id, without: task.blacklist) { return }
    if waitsForResources(id) { return }
    tasks[id]?.blacklist.subtract(task.failed)
    tasks[id]?.failed = []
    // It is queued anew, behind those that were ready before.
    tasks[id]?.readySince = nil
  }

  /// Ends an event and notes which tasks it made ready.
  mutating func closeEvent() {
    for id in order { forgive(id) }
    for id in order where tasks[id]?.readySince == nil {
      // One that waits for resources is in the queue, too, and has its place there.
      if case .run = verdict(id) {} else if !waitsForResources(id) { continue }
      tasks[id]?.readySince = event
      tasks[id]?.readyCount = dispatchCount
    }
    event += 1
  }
}

extension TaskSchedulerAction {
  /// The same without the attempts that have failed before.
  var withoutFailures: TaskSchedulerAction {
    switch self {
    case .deliver(let reply, let id, let engine, _): .deliver(reply, taskID: id, engine: engine)
    case .fail(let task, let id, let reason, _): .fail(task, taskID: id, reason)
    default: self
    }
  }
  /// The action without what the task lacks, of which the model knows no words.
  var withoutLack: TaskSchedulerAction {
    if case .fail(let task, let id, .demandTimeout, let failures) = self {
      .fail(task, taskID: id, .taskTimeout, after: failures)
    } else {
      self
    }
  }
}
