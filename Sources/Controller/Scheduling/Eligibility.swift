/// Where a task whose dependencies are met may run.
enum Eligibility {
  case anyEngine
  /// Any engine outside the task's blacklist.
  case anyExceptBlacklist
  /// Any engine that has what the task requires, outside its blacklist.
  case anyOffering(ResourceDemand)
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
    case .anyEngine, .anyExceptBlacklist, .anyOffering, .among: false
    case .wait, .impossible, .exhausted: true
    }
  }
}

extension TaskSchedulerState {
  /// Where a task whose dependencies are met may run.
  func eligibility(_ task: TaskHandle) -> Eligibility {
    guard let handle = tasks[task].constraints, !tasks[handle].allowsAnyEngine else { return .anyEngine }
    let constraints = tasks[handle]
    let blacklist = constraints.blacklist
    let hasTimeout = constraints.timeout != nil
    guard let follow = constraints.follow else {
      if !constraints.targets.isEmpty {
        let candidates = registered(constraints.targets).filter {
          !blacklist.contains(engines.token(of: $0)) && isAble($0, constraints.demand)
        }
        return candidates.isEmpty ? .impossible : .among(candidates)
      }
      if let demand = constraints.demand { return eligibility(demand, blacklist, hasTimeout: hasTimeout) }
      let isExhausted =
        !hasTimeout && engines.registeredCount > 0
        && blacklist.count { engines.isRegistered($0) } == engines.registeredCount
      return isExhausted ? .exhausted : .anyExceptBlacklist
    }
    let places = constraints.followEngines.filter { !blacklist.contains($0) }
    if places.isEmpty && !constraints.followEngines.isEmpty {
      return !hasTimeout && follow.open == 0 ? .exhausted : .wait
    }
    var candidates = places.filter { engines.isRegistered($0) }.map(\.engine)
    if !constraints.targets.isEmpty {
      let targets = Set(registered(constraints.targets))
      candidates.removeAll { !targets.contains($0) }
    }
    candidates.removeAll { !isAble($0, constraints.demand) }
    if candidates.isEmpty { return follow.open > 0 ? .wait : .impossible }
    return .among(candidates)
  }

  /// Where a task may run for which it only counts what an engine offers.
  private func eligibility(
    _ demand: ResourceDemand, _ blacklist: Set<EngineToken>, hasTimeout: Bool
  ) -> Eligibility {
    guard demand.isUrgent || !blacklist.isEmpty, engines.registeredCount > 0 else { return .anyOffering(demand) }
    let able = engines.able(demand, now: now)
    if able.isEmpty { return demand.isUrgent ? .impossible : .anyOffering(demand) }
    let isExhausted = !hasTimeout && able.allSatisfy { blacklist.contains(engines.token(of: $0)) }
    return isExhausted ? .exhausted : .anyOffering(demand)
  }

  private func isAble(_ engine: EngineHandle, _ demand: ResourceDemand?) -> Bool {
    guard let demand else { return true }
    return engines[engine].budget.covers(demand.resources) && engines.hasTime(for: demand, engine, now: now)
  }

  private func registered(_ targets: [EngineIdentity]) -> [EngineHandle] {
    targets.compactMap { engines.registered($0) }
  }

  /// The engines in whose queue a task belongs that only the given ones of the registered engines may take. Targets that
  /// are not registered are members by name, in case they come.
  mutating func groupMembers(_ task: TaskHandle, candidates: [EngineHandle]) -> Set<EngineHandle> {
    guard let constraints = tasks[task].constraints, tasks[constraints].follow == nil else { return Set(candidates) }
    var members = Set(candidates)
    for target in tasks[constraints].targets where engines.registered(target) == nil {
      members.insert(engines.named(target))
    }
    return members
  }
}
