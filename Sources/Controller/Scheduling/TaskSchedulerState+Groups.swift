import HeapModule

extension TaskSchedulerState {
  /// Queues a task for a set of engines. Targets that are not registered are members by name, in case they come.
  mutating func joinGroup(_ task: Int32, candidates: [Int32]) {
    let constraint = Int(tasks[task].constraints)
    var members = candidates
    if constraints[constraint].follow == nil && candidates.count < constraints[constraint].targets.count {
      members = constraints[constraint].targets.map { internEngine($0) }
        .filter { !constraints[constraint].blacklist.contains(token(of: $0)) }
    }
    let key = Array(Set(members)).sorted()
    let group = groupIndex[key] ?? makeGroup(key, sequence: tasks[task].sequence)
    constraints[constraint].group = group
    tasks.append(task, to: &groups[Int(group)].tasks)
    groupedCount += 1
  }

  mutating func leaveGroup(_ task: Int32) {
    let constraint = Int(tasks[task].constraints)
    let group = constraints[constraint].group
    constraints[constraint].group = -1
    tasks.unlink(task, from: &groups[Int(group)].tasks)
    groupedCount -= 1
    if groups[Int(group)].tasks.count == 0 { removeGroup(group) }
  }

  /// The first task of the groups an engine is in, or -1.
  mutating func nextGrouped(for engine: Int32) -> Int32 {
    while let top = engines[Int(engine)].groupHeap.min {
      guard groups[Int(top.group)].generation == top.generation else {
        engines[Int(engine)].groupHeap.removeMin()
        continue
      }
      let head = groups[Int(top.group)].tasks.head
      let sequence = tasks[head].sequence
      if sequence == top.sequence { return head }
      engines[Int(engine)].groupHeap.replaceMin(
        with: .init(sequence: sequence, group: top.group, generation: top.generation))
    }
    return -1
  }

  /// Makes the groups that name an engine count it as registered.
  mutating func enterGroups(_ engine: Int32) {
    for group in engines[Int(engine)].groups {
      groups[Int(group)].registered += 1
      let head = groups[Int(group)].tasks.head
      engines[Int(engine)].groupHeap.insert(
        .init(sequence: tasks[head].sequence, group: group, generation: groups[Int(group)].generation))
    }
  }

  /// Takes a dead engine out of its groups; the tasks of those with no registered member left are placed anew.
  mutating func quitGroups(_ engine: Int32) {
    engines[Int(engine)].groupHeap = .init()
    for group in engines[Int(engine)].groups.sorted() {
      groups[Int(group)].registered -= 1
      guard groups[Int(group)].registered == 0 else { continue }
      var task = groups[Int(group)].tasks.head
      while task >= 0 {
        unplaced.append(task)
        task = tasks[task].links.next
      }
    }
  }

  private mutating func makeGroup(_ members: [Int32], sequence: Int) -> Int32 {
    let group: Int32
    if let free = freeGroups.popLast() {
      group = free
    } else {
      group = Int32(groups.count)
      groups.append(EligibilityGroup())
    }
    groups[Int(group)].members = members
    groups[Int(group)].registered = 0
    groupIndex[members] = group
    let entry = EligibilityGroup.Entry(
      sequence: sequence, group: group, generation: groups[Int(group)].generation)
    for member in members {
      engines[Int(member)].groups.insert(group)
      guard engines[Int(member)].phase == .registered else { continue }
      groups[Int(group)].registered += 1
      engines[Int(member)].groupHeap.insert(entry)
    }
    return group
  }

  private mutating func removeGroup(_ group: Int32) {
    let members = groups[Int(group)].members
    groups[Int(group)].members = []
    groups[Int(group)].generation &+= 1
    groupIndex[members] = nil
    freeGroups.append(group)
    for member in members {
      engines[Int(member)].groups.remove(group)
      pruneHeap(of: member)
      releaseEngine(member)
    }
  }

  /// Drops entries of groups that are gone once they outnumber the others, for an engine that is busy for long.
  private mutating func pruneHeap(of engine: Int32) {
    let heap = engines[Int(engine)].groupHeap
    guard heap.count > 2 * engines[Int(engine)].groups.count + 32 else { return }
    engines[Int(engine)].groupHeap = Heap(
      heap.unordered.filter { groups[Int($0.group)].generation == $0.generation })
  }
}
