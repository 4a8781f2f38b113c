import MartletWire
import Testing

@testable import MartletController

/// Compares random histories of the scheduler with the slow model.
@Suite struct TaskSchedulerPropertyTests {
  @Test(arguments: SchedulingScheme.allCases) func randomHistoriesAgreeWithTheModel(_ scheme: SchedulingScheme) {
    for seed in 0..<250 {
      var scenario = Scenario(scheme: scheme, seed: UInt64(seed))
      scenario.run()
      guard scenario.problems.isEmpty else {
        Issue.record("scheme \(scheme), seed \(seed): \(scenario.problems.prefix(3)) after \(scenario.log.suffix(12))")
        return
      }
    }
  }
}

/// One random history: the scheduler, the model, and the errors found.
private struct Scenario {
  var state: TaskSchedulerState<Int>
  var model: SchedulerModel
  var generator: SplitMix64
  var now = Instant.now
  var problems: [String] = []
  var log: [String] = []
  var engineNumber = 0
  let looksAhead: Bool

  init(scheme: SchedulingScheme, seed: UInt64) {
    generator = SplitMix64(seed: seed)
    let hwm = scheme == .pure ? 0 : [0, 1, 2, 3, nil, nil].randomElement(using: &generator) ?? nil
    state = TaskSchedulerState(
      configuration: .init(scheme: scheme, hwm: hwm, probeAfter: .seconds(1_000_000)), seed: seed)
    model = SchedulerModel(hwm: hwm ?? 1)
    looksAhead = hwm == nil && scheme == .leastload
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

  mutating func run() {
    for _ in 0..<Int.random(in: 5...45, using: &generator) where problems.isEmpty {
      switch Int.random(in: 0..<100, using: &generator) {
      case 0..<12: register()
      case 12..<17: unregister()
      case 17..<57: submit()
      case 57..<85: answer()
      case 85..<90: pass(.milliseconds(Int.random(in: 1...3000, using: &generator)))
      case 90..<93: abort()
      case 93..<94: probe()
      case 94..<96: vanish()
      default: nonsense()
      }
    }
    finish()
  }

  /// Ends all tasks.
  mutating func finish() {
    // Offers whatever a task may require.
    register(offer: ["gpu": 3, "memory": 2])
    var rounds = 0
    while problems.isEmpty, model.tasks.values.contains(where: { if case .pending = $0.status { true } else { false } })
    {
      rounds += 1
      if rounds > 1000 { problems.append("no end") }
      answer()
    }
    pass(.seconds(60))
    while problems.isEmpty, model.tasks.values.contains(where: { if case .pending = $0.status { true } else { false } })
    {
      answer()
    }
    for (id, task) in model.tasks where task.endings != 1 && problems.isEmpty {
      problems.append("\(id) ended \(task.endings) times: \(task)")
    }
  }

  mutating func close(_ name: String) {
    log.append(name)
    while let action = state.nextAction() {
      log.append("  \(action)")
      if let problem = model.apply(action) { problems.append(problem) }
    }
    model.closeEvent()
    problems += state.problems()
    if !model.dispatchable.isEmpty { problems.append("could run: \(model.dispatchable)") }
    if !model.overdue.isEmpty { problems.append("should have ended: \(model.overdue)") }
    let queued = model.order.filter { model.tasks[$0]?.status == .queued }
    if Set(state.queuedIDs) != Set(queued) { problems.append("queued: \(state.queuedIDs), not \(queued)") }
    if state.queuedCount + state.waitingCount != queued.count { problems.append("counts") }
    let runnable = queued.count {
      if case .run = model.verdict($0) { true } else { model.waitsForResources($0) }
    }
    let waitingForFirst = model.registered.isEmpty || state.queuedCount == runnable
    let blacklisted = queued.contains { model.tasks[$0]?.blacklist.isEmpty == false }
    if !waitingForFirst && !blacklisted { problems.append("ready: \(state.queuedCount), not \(runnable)") }
    for engine in model.registered where state.load(of: model.engines[engine].identity) != model.load(engine) {
      problems.append("load of \(engine)")
    }
  }

  /// Checks that the first action after the event is the expected one.
  mutating func expect(_ expected: TaskSchedulerAction<Int>, _ name: String) {
    let action = state.nextAction()
    log.append("\(name) -> \(String(describing: action))")
    if let problem = action.flatMap(model.misreport) { problems.append(problem) }
    if action?.withoutFailures.withoutLack != expected {
      problems.append("\(name): \(String(describing: action)), not \(expected)")
    }
  }

  mutating func register(offer given: Resources? = nil) {
    // Sometimes an engine that left without tasks comes back.
    let gone = model.engines.indices.filter {
      !model.engines[$0].isRegistered && model.load($0) == 0 && model.current(model.engines[$0].identity) == $0
    }
    let identity: EngineIdentity
    if chance(25), let engine = gone.randomElement(using: &generator) {
      identity = model.engines[engine].identity
    } else {
      engineNumber += 1
      identity = EngineIdentity("e\(engineNumber)")
    }
    let returnsTasks = chance(70)
    let isConcurrent = chance(40)
    let offer = given ?? (chance(50) ? resources() : Resources())
    let isShort = given == nil && chance(30)
    let end = isShort ? now + .seconds(9999) : chance(30) ? now + .seconds(1_000_000) : nil
    state.engineRegistered(
      identity, .init(returnsTasks: returnsTasks, isConcurrent: isConcurrent, resources: offer, end: end), now: now)
    model.engines.append(
      .init(
        identity: identity, offer: offer, isShort: isShort, isConcurrent: isConcurrent,
        looksAhead: returnsTasks && looksAhead))
    close("register \(identity)")
  }

  mutating func resources() -> Resources {
    var resources = Resources()
    resources["gpu"] = ResourceAmount(Double(Int.random(in: 1...3, using: &generator)))
    if chance(30) { resources["memory"] = ResourceAmount(Double(Int.random(in: 1...4, using: &generator)) / 2) }
    return resources
  }

  mutating func unregister() {
    guard let engine = model.registered.sorted().randomElement(using: &generator) else { return }
    state.engineUnregistered(model.engines[engine].identity, now: now)
    model.engines[engine].isRegistered = false
    if model.load(engine) > 0 { model.engines[engine].deadline = now + .seconds(5) }
    close("unregister \(model.engines[engine].identity)")
  }

  mutating func dependency(_ id: String) -> TaskDependency {
    var ids: [String] = []
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      ids.append(model.order.suffix(8).randomElement(using: &generator) ?? id)
    }
    if chance(3) { ids.append("never") }
    let (success, failure) =
      [(true, false), (true, true), (false, true), (true, true)]
      .randomElement(using: &generator) ?? (true, false)
    return TaskDependency(ids, all: chance(60), success: success, failure: failure)
  }

  mutating func submit() {
    let id = "t\(model.order.count)"
    var submission = TaskSubmission(id: id, payload: model.order.count, client: "c\(model.order.count % 3)")
    if chance(20) {
      submission.targets = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
        EngineIdentity("e\(Int.random(in: 1...(engineNumber + 2), using: &generator))")
      }
    }
    if chance(25) { submission.after = dependency(id) }
    if chance(20) { submission.follow = dependency(id) }
    if chance(25) { submission.demand = ResourceDemand(resources: resources(), isUrgent: chance(20)) }
    // All engines have far less or far more: while tasks wait, nothing changes.
    if chance(20) {
      var demand = submission.demand ?? ResourceDemand(isUrgent: chance(20))
      demand.time = .seconds(Int.random(in: 10_000...20_000, using: &generator))
      submission.demand = demand
    }
    if chance(20) { submission.timeout = .milliseconds(Int.random(in: 1...4000, using: &generator)) }
    if chance(40) { submission.retries = Int.random(in: 1...4, using: &generator) }
    if chance(20) { submission.isIdempotent = true }
    submission.retriesAnywhere = chance(50)
    if chance(40) { submission.concurrency = [2, 5, 5].randomElement(using: &generator) ?? 1 }
    if chance(30) { submission.priority = [-5, 5, 5, 100].randomElement(using: &generator) ?? 0 }
    state.taskSubmitted(submission, now: now)
    let reason = model.rejection(of: submission)
    model.order.append(id)
    model.tasks[id] = .init(
      submission: submission, retries: submission.retries, isIdempotent: submission.isIdempotent,
      deadline: submission.timeout.map { now + $0 })
    if let reason {
      expect(.fail(submission.payload, taskID: id, reason), "submit \(submission)")
      _ = model.end(id, success: false, engine: nil)
    }
    close("submit \(submission)")
  }

  mutating func answer() {
    let pending = model.order.compactMap { id -> (String, Int)? in
      if case .pending(let engine)? = model.tasks[id]?.status { (id, engine) } else { nil }
    }
    guard let (id, engine) = pending.randomElement(using: &generator) else { return }
    if model.engines[engine].looksAhead, chance(25) { return takeBack(id, engine) }
    let outcome: TaskOutcome = chance(55) ? .ok : chance(60) ? .failed : chance(80) ? .unmetDependency : .aborted
    let identity = model.engines[engine].identity
    let reply = 1000 + (model.tasks[id]?.submission.payload ?? 0)
    state.replyArrived(from: identity, taskID: id, outcome: outcome, reply: reply, now: now)
    let retries = model.tasks[id]?.retries ?? 0
    let vanished = model.tasks[id]?.submission.client == "gone"
    if !vanished && (outcome == .unmetDependency || outcome == .failed && retries > 0) {
      if outcome == .failed { model.tasks[id]?.retries -= 1 }
      model.requeue(id, without: engine, isForGood: outcome == .unmetDependency, now: now)
    } else {
      expect(.deliver(reply, taskID: id, engine: identity), "answer")
      if let problem = model.end(id, success: outcome == .ok, engine: engine) { problems.append(problem) }
    }
    close("answer \(id) \(outcome)")
  }

  mutating func takeBack(_ id: String, _ engine: Int) {
    state.replyArrived(
      from: model.engines[engine].identity, taskID: id, outcome: .returned, reply: 0, now: now)
    model.takeBack(id, now: now)
    model.returning = engine
    close("take back \(id)")
    model.returning = nil
  }

  mutating func pass(_ time: Duration) {
    let end = now + time
    while problems.isEmpty {
      let deadlines =
        model.tasks.values.filter { $0.status == .queued }.compactMap(\.deadline)
        + model.engines.indices.compactMap { model.load($0) > 0 ? model.engines[$0].deadline : nil }
      guard let deadline = deadlines.min(), deadline <= end else { break }
      now = deadline
      if let next = state.nextDeadline, next > deadline { problems.append("deadline \(next) is too late") }
      state.advance(to: now)
      // At the same instant, the scheduler gives up on engines before tasks time out.
      let engines = model.engines.indices.filter { model.engines[$0].deadline == deadline && model.load($0) > 0 }
      if !engines.isEmpty { strand(engines) }
      for id in model.order where model.tasks[id]?.status == .queued && model.tasks[id]?.deadline == deadline {
        expect(.fail(model.tasks[id]?.submission.payload ?? 0, taskID: id, .taskTimeout), "timeout")
        _ = model.end(id, success: false, engine: nil)
      }
      close("pass to \(deadline)")
    }
    now = end
    state.advance(to: now)
    close("pass")
  }

  /// An engine answers a probe that was sent at some time: what it was sent before is lost, or tried again.
  mutating func probe() {
    guard let engine = model.registered.filter({ model.load($0) > 0 }).sorted().randomElement(using: &generator) else {
      return
    }
    let pending = model.pending(on: engine)
    let lost = pending.prefix(Int.random(in: 1...pending.count, using: &generator))
    let number = lost.last.flatMap { model.tasks[$0]?.number } ?? 0
    let identity = model.engines[engine].identity
    state.probeAnswered(by: identity, number: number, now: now)
    log.append("probe of \(identity), \(number)")
    for id in lost {
      guard let task = model.tasks[id] else { continue }
      let isFree = task.isIdempotent && task.attempt < 3
      guard isFree || task.retries > 0 else { continue }
      if !isFree { model.tasks[id]?.retries -= 1 }
      model.requeue(id, without: engine, now: now)
    }
    while case let action? = state.nextAction() {
      log.append("  \(action)")
      if case .fail(_, let id, .unanswered(identity, _), _) = action, model.tasks[id]?.status == .pending(engine) {
        if !lost.contains(id) { problems.append("\(id) came after the probe") }
        if let problem = model.end(id, success: false, engine: engine) { problems.append(problem) }
      } else if let problem = model.apply(action) {
        problems.append(problem)
      }
    }
    for id in lost where model.tasks[id]?.status == .pending(engine) && (model.tasks[id]?.number ?? 0) <= number {
      problems.append("\(id) was not given up")
    }
    close("probed")
  }

  /// Gives up on engines whose grace periods end at the same instant.
  mutating func strand(_ engines: [Int]) {
    var lost: [String: Int] = [:]
    for engine in engines {
      model.engines[engine].deadline = nil
      let pending = model.pending(on: engine)
      let beside =
        model.engines[engine].isConcurrent
        ? pending.prefix { model.tasks[$0]?.submission.concurrency ?? 1 > 1 }.count : 0
      for (place, id) in pending.enumerated() {
        guard place < max(1, beside) else {
          // It can't have been begun.
          model.takeBack(id, now: now)
          continue
        }
        model.tasks[id]?.losses += 1
        if let task = model.tasks[id], task.retries > 0 || task.isIdempotent, task.losses < 3 {
          if !task.isIdempotent { model.tasks[id]?.retries -= 1 }
          model.requeue(id, without: engine, now: now)
        } else {
          lost[id] = engine
        }
      }
    }
    while case let action? = state.nextAction() {
      log.append("  \(action)")
      if case .fail(_, let id, .engineLost, _) = action, let engine = lost.removeValue(forKey: id) {
        if let problem = model.end(id, success: false, engine: engine) { problems.append(problem) }
      } else if let problem = model.apply(action) {
        problems.append(problem)
      }
    }
    if !lost.isEmpty { problems.append("not lost: \(lost)") }
  }

  mutating func abort() {
    let ids = (0..<3).compactMap { _ in model.order.randomElement(using: &generator) }
    for id in ids {
      let isQueued = model.tasks[id]?.status == .queued
      state.abort(ids: [id])
      if isQueued {
        expect(.fail(model.tasks[id]?.submission.payload ?? 0, taskID: id, .aborted), "abort \(id)")
        _ = model.end(id, success: false, engine: nil)
      } else {
        model.tasks[id]?.retries = 0
        model.tasks[id]?.isIdempotent = false
      }
      close("abort \(id)")
    }
  }

  mutating func vanish() {
    let client = "c\(Int.random(in: 0...2, using: &generator))"
    var ids = Set(
      model.order.filter { model.tasks[$0]?.status == .queued && model.tasks[$0]?.submission.client == client })
    state.abortAll(of: client)
    log.append("abort all of \(client)")
    while !ids.isEmpty, case .fail(_, let id, .aborted, _)? = state.nextAction() {
      ids.remove(id)
      _ = model.end(id, success: false, engine: nil)
    }
    if !ids.isEmpty { problems.append("not aborted: \(ids)") }
    close("vanish")
  }

  mutating func nonsense() {
    state.replyArrived(from: .init("nobody"), taskID: "t0", outcome: .ok, reply: 0, now: now)
    expect(.unknownReply(taskID: "t0", engine: .init("nobody")), "unknown")
    if let id = model.order.last, let task = model.tasks[id] {
      if case .done = task.status { return }
      state.taskSubmitted(task.submission, now: now)
      expect(.duplicate(task.submission.payload, taskID: id), "duplicate")
    }
    close("nonsense")
  }
}
