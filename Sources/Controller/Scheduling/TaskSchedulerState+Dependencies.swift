import DequeModule

extension TaskSchedulerState {
  func isReady(_ task: Int32) -> Bool {
    let slot = tasks[task].constraints
    return slot < 0 || constraints[Int(slot)].isReady
  }

  mutating func link(_ task: Int32, to dependency: Int32, _ kind: DependencyGraph.Kind) {
    let slot = Int(tasks[task].constraints)
    let last = tasks[dependency].lastDependent
    let edge = graph.insert(
      .init(
        dependency: dependency, dependent: task, kind: kind, previous: last,
        nextOfDependent: constraints[slot].firstEdge))
    constraints[slot].firstEdge = edge
    if last >= 0 { graph[last].next = edge } else { tasks[dependency].firstDependent = edge }
    tasks[dependency].lastDependent = edge
  }

  /// Takes a task out of the graph: nothing it depends on needs to tell it any more.
  mutating func unlinkDependencies(_ constraint: Int) {
    var edge = constraints[constraint].firstEdge
    constraints[constraint].firstEdge = -1
    while edge >= 0 {
      let next = graph[edge].nextOfDependent
      if graph[edge].dependency >= 0 { detach(edge) }
      graph.remove(edge)
      edge = next
    }
  }

  /// Takes an edge from the list of its dependency; it stays in that of its dependent.
  private mutating func detach(_ edge: Int32) {
    let (dependency, previous, next) = (graph[edge].dependency, graph[edge].previous, graph[edge].next)
    if previous >= 0 { graph[previous].next = next } else { tasks[dependency].firstDependent = next }
    if next >= 0 { graph[next].previous = previous } else { tasks[dependency].lastDependent = previous }
    graph[edge].dependency = -1
  }

  /// Tells the dependents of all ended tasks, places those that became ready, and forgets what is too old.
  mutating func settle() {
    while true {
      if let task = ended.popFirst() {
        release(task)
      } else if let task = unplaced.popFirst() {
        // An earlier one may have ended it, or sent it off.
        guard tasks[task].phase.isQueued, isReady(task) else { continue }
        place(task)
      } else {
        break
      }
    }
    while finished.count > configuration.historyLimit { forget(finished.head) }
  }

  /// Adds where a finished task ran to the engines that a dependent may follow it to.
  mutating func noteLocation(of dependency: Int32, for constraint: Int, _ condition: TaskDependency) {
    guard condition.accepts(success: tasks[dependency].phase == .succeeded) else { return }
    guard let engine = tasks[dependency].engine else {
      constraints[constraint].followIsNowhere = true
      return
    }
    if !constraints[constraint].followEngines.contains(engine) {
      constraints[constraint].followEngines.append(engine)
    }
  }

  private mutating func release(_ task: Int32) {
    let succeeded = tasks[task].phase == .succeeded
    while tasks[task].firstDependent >= 0 {
      let edge = tasks[task].firstDependent
      let (dependent, kind) = (graph[edge].dependent, graph[edge].kind)
      detach(edge)
      let slot = Int(tasks[dependent].constraints)
      let places = constraints[slot].followEngines.count
      switch kind {
      case .after:
        constraints[slot].after?.open -= 1
        constraints[slot].after?.record(success: succeeded)
      case .follow:
        constraints[slot].follow?.open -= 1
        constraints[slot].follow?.record(success: succeeded)
        if let condition = constraints[slot].follow?.condition { noteLocation(of: task, for: slot, condition) }
      }
      guard tasks[dependent].phase.isQueued else { continue }
      if constraints[slot].isImpossible {
        fail(dependent, .impossibleDependency)
      } else if constraints[slot].isReady
        && (tasks[dependent].phase == .waiting || constraints[slot].followEngines.count > places)
      {
        unplaced.append(dependent)
      }
    }
  }
}
