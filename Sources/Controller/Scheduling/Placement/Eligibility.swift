/// Where a task whose dependencies are met may run.
enum Eligibility {
  case anyEngine
  /// Any engine outside the task's blacklist.
  case anyExceptBlacklist
  /// Any engine that has what the task requires, outside its blacklist.
  case anyOffering(ResourceDemand)
  /// This registered engine; the task requires nothing of it.
  case only(EngineHandle)
  /// One of these registered engines.
  case among([EngineHandle])
  /// Nowhere yet.
  case wait
  /// Nowhere, ever.
  case impossible
  /// Nowhere: every eligible engine is on its blacklist.
  case exhausted

  /// Whether no registered engine may run the task now.
  var isNowhere: Bool {
    switch self {
    case .anyEngine, .anyExceptBlacklist, .anyOffering, .only, .among: false
    case .wait, .impossible, .exhausted: true
    }
  }
}

extension TaskSchedulerState {
  /// Where a task whose dependencies are met may run.
  @inline(__always)
  func eligibility(_ task: TaskHandle) -> Eligibility {
    guard let constraints = tasks[task].constraints, !tasks[constraints].allowsAnyEngine else { return .anyEngine }
    return eligibility(constraints)
  }

  private func eligibility(_ handle: ConstraintsHandle) -> Eligibility {
    if tasks[handle].follow == nil, !tasks[handle].targets.isEmpty {
      if tasks[handle].targets.count == 1, tasks[handle].demand == nil {
        guard let engine = engines.registered(tasks[handle].targets[0]),
          !tasks[handle].blacklist.contains(engines.token(of: engine))
        else { return .impossible }
        return .only(engine)
      }
      var candidates: [EngineHandle] = []
      for target in tasks[handle].targets {
        guard let engine = engines.registered(target),
          !tasks[handle].blacklist.contains(engines.token(of: engine)), isAble(engine, tasks[handle].demand)
        else { continue }
        candidates.append(engine)
      }
      return candidates.isEmpty ? .impossible : .among(candidates)
    }
    let constraints = tasks[handle]
    let blacklist = constraints.blacklist
    let waitsForAnother = constraints.waitsForAnotherEngine
    guard let follow = constraints.follow else {
      if let demand = constraints.demand { return eligibility(demand, blacklist, waitsForAnother: waitsForAnother) }
      let isExhausted =
        !waitsForAnother && engines.registeredCount > 0
        && blacklist.count { engines.isRegistered($0) } == engines.registeredCount
      return isExhausted ? .exhausted : .anyExceptBlacklist
    }
    let places = constraints.followEngines.filter { !blacklist.contains($0) }
    if places.isEmpty && !constraints.followEngines.isEmpty {
      return !waitsForAnother && follow.open == 0 ? .exhausted : .wait
    }
    var candidates = places.filter { engines.isRegistered($0) }.map(\.engine)
    if !constraints.targets.isEmpty {
      let targets = Set(constraints.targets.compactMap { engines.registered($0) })
      candidates.removeAll { !targets.contains($0) }
    }
    candidates.removeAll { !isAble($0, constraints.demand) }
    if candidates.isEmpty { return follow.open > 0 ? .wait : .impossible }
    return .among(candidates)
  }

  /// Where a task may run for which it only counts what an engine offers.
  private func eligibility(
    _ demand: ResourceDemand, _ blacklist: Set<EngineToken>, waitsForAnother: Bool
  ) -> Eligibility {
    guard demand.isUrgent || !blacklist.isEmpty, engines.registeredCount > 0 else { return .anyOffering(demand) }
    let able = engines.able(demand, now: now)
    if able.isEmpty { return demand.isUrgent ? .impossible : .anyOffering(demand) }
    let isExhausted = !waitsForAnother && able.allSatisfy { blacklist.contains(engines.token(of: $0)) }
    return isExhausted ? .exhausted : .anyOffering(demand)
  }

  private func isAble(_ engine: EngineHandle, _ demand: ResourceDemand?) -> Bool {
    guard let demand else { return true }
    return engines[engine].budget.covers(demand.resources) && engines.hasTime(for: demand, engine, now: now)
  }

  /// The engines in whose queue a task belongs that only the given ones of the registered engines may take, in ascending
  /// order. Targets that are not registered are members by name, in case they come.
  mutating func groupMembers(_ task: TaskHandle, candidates: [EngineHandle]) -> [EngineHandle] {
    var members = candidates
    if let constraints = tasks[task].constraints, tasks[constraints].follow == nil,
      tasks[constraints].targets.count > candidates.count
    {
      for target in tasks[constraints].targets where engines.registered(target) == nil {
        members.append(engines.named(target))
      }
    }
    return members.count > 1 ? Set(members).sorted() : members
  }
}
