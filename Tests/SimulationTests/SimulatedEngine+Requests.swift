import MartletWire

@testable import MartletController
@testable import MartletEngine

/// The requests of an engine: one runs, the others wait.
extension SimulatedEngine {
  func accept(_ task: Int, attempt: Int) {
    world.ledger.arrived(task, at: name)
    guard replays.insert(Self.fingerprint(task, attempt)) else {
      return world.fail("\(name) takes attempt \(attempt) of task \(task) for a replay")
    }
    add(.task(task, attempt: attempt), id: world.ledger.tasks[task].id)
  }

  /// Stands for the signature of a task's message.
  private static func fingerprint(_ task: Int, _ attempt: Int) -> UInt64 { UInt64(task) * 1000 + UInt64(attempt) + 2 }

  func add(_ item: Item, id: String) {
    switch queue.add(item, id: id) {
    case .run(let item): begin(item)
    case .wait: break
    case .aborted(let item): answer(item, .aborted)
    }
  }

  func abort(_ tasks: [Int]) {
    for item in queue.abort(tasks.map { world.ledger.tasks[$0].id }) { answer(item, .aborted) }
  }

  /// Answers a task that has not begun.
  private func answer(_ item: Item, _ outcome: TaskOutcome) {
    guard case .task(let task, let attempt) = item else { return }
    world.ledger.forgotten(task, by: name)
    guard outcome == .returned else {
      return send(Reply(task: task, outcome: outcome, execution: nil), attempt: attempt)
    }
    link(.shell).sendUp(.reply(Reply(task: task, outcome: outcome, execution: nil, attempt: attempt)))
  }

  private func begin(_ item: Item) {
    running = item
    if let task = item.task, !mayBegin || !hasTime(for: task) {
      returnTasks()
      giveBack(item)
      return after(.milliseconds(50)) { self.finish() }
    }
    if longWatch == nil, let patience {
      longWatch = LongRequestWatch(patience: patience)
      checkLongRequests()
    }
    switch item {
    case .probe(let number, let run):
      link(.shell).sendUp(.probeAnswer(number: number, run: run))
      finish()
    case .task(let task, let attempt):
      let execution = world.ledger.began(task, on: name)
      self.execution = execution
      after(world.scenario.tasks[task].duration) { self.complete(task, execution, attempt) }
    }
  }

  private func complete(_ task: Int, _ execution: Int, _ attempt: Int) {
    if world.scenario.tasks[task].crashesEngine(attempt: world.ledger.executions[execution].number) {
      return crash(losesSent: false)
    }
    let outcome = world.ledger.completed(execution)
    send(Reply(task: task, outcome: outcome, execution: execution), attempt: attempt)
    self.execution = nil
    finish()
  }

  private func finish() {
    running = nil
    if let next = queue.finish() { begin(next) }
  }

  private func checkLongRequests() {
    guard let check = longWatch?.check(running: queue.runningNumber) else {
      longWatch = nil
      return
    }
    if check.returnsTasks { returnTasks() }
    after(check.next) { self.checkLongRequests() }
  }

  /// Whether tasks may begin.
  var mayBegin: Bool { world.sabotage == .ignoresLease || retirement == nil && lease?.holds(at: now) ?? true }

  /// Whether the engine has as much time left as the task needs.
  private func hasTime(for task: Int) -> Bool {
    guard world.sabotage != .ignoresTimes, let time = world.scenario.tasks[task].time, let end, lease != nil else {
      return true
    }
    return time <= end - now
  }

  func renewLease(gap: Duration) {
    if lease == nil { lease = TaskLease(gap: gap, now: now) } else { lease?.renew(gap: gap, at: now) }
  }

  /// Returns all waiting tasks, the latest first.
  func returnTasks() {
    for item in queue.withdraw({ $0.task != nil }).reversed() { giveBack(item) }
  }

  private func giveBack(_ item: Item) {
    guard case .task(let task, let attempt) = item else { return }
    replays.readmit(Self.fingerprint(task, attempt))
    answer(item, .returned)
  }

  /// Whether the engine has the task and will answer it.
  func has(_ task: Int) -> Bool {
    guard isAlive else { return false }
    return running?.task == task || world.ledger.tasks[task].waitsOn.contains(name)
  }
}
