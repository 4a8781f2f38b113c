import MartletWire

extension EngineRegistry {
  /// What is wrong with the engines.
  func problems<Payload>(_ tasks: TaskTable<Payload>) -> [String] {
    var problems: [String] = []
    var (registered, pending) = (0, 0)
    roster.visit { engine, record in
      let name = record.identity
      pending += record.pending.count
      switch record.phase {
      case .named:
        if record.groups.isEmpty || !record.pending.isEmpty { problems.append("\(name) is named by no task") }
      case .registered:
        registered += 1
        if pool.load(of: engine) != record.pending.count { problems.append("\(name): load and pending tasks differ") }
        if roster.offering.contains(engine) == record.budget.offer.isEmpty {
          problems.append("\(name): its offer is unknown")
        }
      case .leaving:
        if record.pending.isEmpty { problems.append("\(name) leaves without pending tasks") }
      }
      if record.phase != .registered || record.isRetiring, record.registration != 0, pool.contains(engine) {
        problems.append("\(name) is available, but not registered, or about to leave")
      }
      if record.phase == .registered, !record.pending.isEmpty, record.probeTimer == 0 {
        problems.append("\(name) has tasks and no probe timer")
      }
      var used = Resources()
      var concurrentCount = 0
      var latest = Int.min
      for task in tasks.handles(in: record.pending) {
        if let resources = tasks.demand(of: task)?.resources { used.add(resources) }
        if tasks[task].concurrency > 1 { concurrentCount += 1 }
        let sequence = tasks[task].sequence
        if sequence < latest { problems.append("the tasks of \(name) are not in the order of their numbers") }
        latest = sequence
        if tasks[task].phase != .pending || tasks[task].engine != token(of: engine) {
          problems.append("\(tasks[task].id) is in the list of \(name), but not on it")
        }
      }
      if concurrentCount != record.concurrentCount { problems.append("\(name): \(concurrentCount) tasks at once") }
      if roster.concurrent.contains(engine) != (record.phase == .registered && record.isConcurrent) {
        problems.append("\(name): whether it runs several tasks at once is unknown")
      }
      if used != record.budget.used { problems.append("\(name): \(used) in use, not \(record.budget.used)") }
    }
    if registered != registeredCount { problems.append("\(registered) engines registered, not \(registeredCount)") }
    if pending != pendingCount { problems.append("\(pending) tasks pending, not \(pendingCount)") }
    return problems
  }
}
