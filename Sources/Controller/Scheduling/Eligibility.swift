/// Where a task whose dependencies are met may run.
enum Eligibility {
  case anyEngine
  /// Any engine outside the task's blacklist.
  case anyExceptBlacklist
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
    case .anyEngine, .anyExceptBlacklist, .among: false
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
        let candidates = registered(constraints.targets).filter { !blacklist.contains(engines.token(of: $0)) }
        return candidates.isEmpty ? .impossible : .among(candidates)
      }
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
    if candidates.isEmpty { return follow.open > 0 ? .wait : .impossible }
    return .among(candidates)
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
