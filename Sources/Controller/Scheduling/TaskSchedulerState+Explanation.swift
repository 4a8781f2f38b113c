import MartletWire

/// Where a task is and what it waits for, in words.
extension TaskSchedulerState {
  /// More is not counted, or listed.
  private static var countLimit: Int { 10_000 }
  private static var listLimit: Int { 5 }

  /// Says where a task is and what it waits for, as a clause with "it" for the task; `nil` if it is unknown.
  ///
  /// Takes time in proportion to the number of clients, and to that of the tasks before it, of which at most 10,000 count.
  func explanation(of id: String, now: Instant) -> String? {
    guard let task = tasks.find(id) else {
      return deferred.contains(id)
        ? "it depends on tasks that are unknown since the controller was restarted, and may be sent again" : nil
    }
    switch tasks[task].phase {
    case .succeeded: return "it has ended with a result"
    case .failed: return "it has ended without a result"
    case .pending: return tasks[task].engine.map { pending(task, on: $0.engine, now) }
    case .unplaced, .waiting: return waiting(task)
    case .ready, .excluded, .demanding, .grouped:
      return engineCount == 0 ? "no engine is registered" : queued(task, now)
    }
  }

  // MARK: - On an engine

  private func pending(_ task: TaskHandle, on engine: EngineHandle, _ now: Instant) -> String {
    let name = name(of: engine)
    guard engines[engine].phase == .registered else {
      return engines[engine].isExpected
        ? "\(name) has it, which has not come back since the controller was restarted"
        : "\(name) has it, which is gone: if its reply doesn't come soon, it is given up"
    }
    let seconds = Self.seconds(now - engines[engine].oldestSince)
    let pending = tasks.handles(in: engines[engine].pending)
    let place = pending.firstIndex(of: task) ?? 0
    guard place >= engines.begunCount(of: engine, pending, tasks) else {
      return "\(name) runs it, for at most \(seconds)"
    }
    return "\(name) has it, behind \(Self.tasks(place)), the first of which has run for at most \(seconds)"
  }

  private func name(of engine: EngineHandle) -> String {
    "engine \(engines.id(of: engine).map(String.init) ?? engines[engine].identity.rawValue)"
  }

  private func names(of engines: [EngineHandle]) -> String {
    let sorted = engines.sorted { self.engines.id(of: $0) ?? .max < self.engines.id(of: $1) ?? .max }
    return Self.list(sorted.map { name(of: $0) })
  }

  // MARK: - Waiting

  private func waiting(_ task: TaskHandle) -> String {
    let open = dependencies.open(of: task, tasks)
    if !open.isEmpty {
      let names = Self.list(open.map { tasks[$0].id })
      return "it depends on \(Self.tasks(open.count)) that \(open.count == 1 ? "has" : "have") not ended: \(names)"
    }
    if engineCount == 0 { return "no engine is registered" }
    return recovery.contains(task)
      ? "its targets have not come back since the controller was restarted"
      : "the engines that may run it have failed it or can't run it; it waits for another one until its timeout"
  }

  // MARK: - Queued

  private func queued(_ task: TaskHandle, _ now: Instant) -> String {
    guard let constraints = tasks[task].constraints else { return busy(task) }
    if let demand = tasks[constraints].demand, tasks[task].phase == .demanding {
      return demanding(demand, excluded: tasks[constraints].blacklist, now)
    }
    switch tasks[task].phase {
    case .grouped:
      let members = tasks[constraints].group.map { queues.groups.members(of: $0) } ?? []
      return
        "only \(names(of: members.filter { engines[$0].phase == .registered })) may run it, and \(members.count == 1 ? "it has" : "they have") no room"
    case .excluded:
      let excluded = tasks[constraints].blacklist.filter { engines.isRegistered($0) }.map(\.engine)
      return "\(names(of: excluded)) failed it or can't run it, and no other engine has room"
    default: return busy(task)
    }
  }

  /// What a task lacks that requires resources or time.
  private func demanding(
    _ demand: ResourceDemand, excluded: Set<EngineToken>, _ now: Instant
  ) -> String {
    if let lack = lack(demand, now) {
      return engines.able(demand.resources).isEmpty ? lack : "\(lack); it waits for another one"
    }
    let (resources, required) = (demand.resources, Self.words(demand))
    let able = engines.able(demand, now: now)
    let left = able.filter { !excluded.contains(engines.token(of: $0)) }
    guard !left.isEmpty else {
      return "it requires \(required), and the engines that offer this have failed it; it waits for another one"
    }
    let has = left.count == 1 ? "it has" : "they have"
    let verb = left.count == 1 ? "offers" : "offer"
    let lacks = resources.isEmpty ? "no room" : "no room or not as much left"
    return "it requires \(required), which only \(names(of: left)) \(verb), and \(has) \(lacks)"
  }

  /// What a task requires that no engine offers which may run it, as a clause with "it" for the task.
  ///
  /// - Returns: `nil` if there is such an engine, or the task requires nothing.
  func lack(of task: TaskHandle) -> String? {
    guard let constraints = tasks[task].constraints, let demand = tasks[constraints].demand else { return nil }
    // One whose targets are gone lacks these.
    guard !tasks[constraints].isBound || hasPlace(constraints) else { return nil }
    if let lack = lack(demand, now) { return lack }
    guard case .impossible = eligibility(task), !tasks[constraints].isImpossible else { return nil }
    return "it requires \(Self.words(demand)), which none of the engines offers that may run it"
  }

  /// Whether one of the engines is registered that a task is bound to.
  private func hasPlace(_ constraints: ConstraintsHandle) -> Bool {
    tasks[constraints].targets.contains { engines.registered($0) != nil }
      || tasks[constraints].followEngines.contains { engines.isRegistered($0) }
  }

  /// What is required that no engine offers.
  private func lack(_ demand: ResourceDemand, _ now: Instant) -> String? {
    let offering = engines.able(demand.resources)
    guard !offering.isEmpty else { return "it requires \(demand.resources), which no engine offers" }
    guard engines.able(demand, now: now).isEmpty else { return nil }
    let most = Self.seconds(engines.longestTime(of: offering, now: now) ?? .zero)
    let which = demand.resources.isEmpty ? "the engines" : "those that offer this"
    return "it requires \(Self.words(demand)), and \(which) have at most \(most) left"
  }

  /// What is required in words.
  private static func words(_ demand: ResourceDemand) -> String {
    let time = demand.time.map { "\(seconds($0)) of an engine's time" }
    return [demand.resources.isEmpty ? nil : "\(demand.resources)", time].compactMap(\.self).joined(separator: " and ")
  }

  /// What is before a task that any engine may take.
  private func busy(_ task: TaskHandle) -> String {
    let standing = queues.standing(of: task, tasks, limit: Self.countLimit)
    var reasons: [String] = []
    if standing.urgent > 0 { reasons.append("\(Self.tasks(standing.urgent)) with a higher priority") }
    if standing.before > 0 {
      let count = standing.before < Self.countLimit ? Self.tasks(standing.before) : "more than \(Self.countLimit) tasks"
      reasons.append("\(count) of its own client")
    }
    let engines = engineCount == 1 ? "the engine has no room" : "none of the \(engineCount) engines has room"
    var text = reasons.isEmpty ? engines : "\(engines), and before it are \(reasons.joined(separator: " and "))"
    if standing.clients > 0 {
      text += "; \(standing.clients) other client\(standing.clients == 1 ? " takes" : "s take") turns with its own"
    }
    return text
  }

  // MARK: - Words

  private static func tasks(_ count: Int) -> String { count == 1 ? "1 task" : "\(count) tasks" }

  private static func list(_ names: [String]) -> String {
    let more = names.count - listLimit
    return names.prefix(listLimit).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }

  private static func seconds(_ duration: Duration) -> String {
    let tenths = max(0, Int(duration / .milliseconds(100)))
    return "\(tenths / 10).\(tenths % 10) s"
  }
}
