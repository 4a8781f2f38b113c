/// What must be true between two events.
extension JournalLedger {
  /// What is wrong with the ledger; empty between events.
  func problems() -> [String] {
    var problems: [String] = []
    var live: [BatchID: (count: Int, bytes: Int)] = [:]
    func add(_ place: Place?) {
      guard let place else { return }
      live[place.batch, default: (0, 0)].count += 1
      live[place.batch, default: (0, 0)].bytes += place.size
    }
    var open = 0
    tasks.visit { _, task in
      switch task.phase {
      case .open:
        if task.accepted != nil { open += 1 }
        add(task.accepted)
        add(task.placed)
      case .delivered, .undelivered:
        add(task.finished)
        add(task.mark)
      case .ended:
        if task.accepted == nil { problems.append("an ended task is remembered in vain") }
        add(task.finished)
      }
    }
    if open != openCount { problems.append("\(open) tasks are open, not \(openCount)") }
    return problems + batches.problems(live: live) + results.problems(tasks)
  }
}
