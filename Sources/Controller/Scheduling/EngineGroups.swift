/// The queues of tasks that only certain engines may take, one for each set of engines.
struct EngineGroups {
  private var groups = Slab<GroupTag, EngineGroup>(vacant: EngineGroup())
  /// The groups by their members.
  private var index = IdentifierTable<GroupTag>()
  private var latestSerial: UInt64 = 0
  /// How many tasks are queued.
  private(set) var taskCount = 0

  /// The number of groups that memory is allocated for.
  var capacity: Int { max(groups.capacity, index.capacity) }

  /// The number of groups.
  var count: Int { groups.count }

  /// Queues a task for a set of engines, given in ascending order.
  mutating func append<Payload>(
    _ task: TaskHandle, members: [EngineHandle], _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) {
    guard let constraints = tasks[task].constraints else { return }
    let hash = members.identifierHash
    let group =
      index.find(hash: hash) { groups[$0].members == members }
      ?? makeGroup(members, hash: hash, sequence: tasks[task].sequence, &engines)
    tasks[constraints].group = group
    tasks.append(task, to: &groups[group].tasks)
    taskCount += 1
  }

  /// Takes a task out of its queue.
  mutating func remove<Payload>(
    _ task: TaskHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) {
    guard let constraints = tasks[task].constraints, let group = tasks[constraints].group else { return }
    tasks[constraints].group = nil
    tasks.unlink(task, from: &groups[group].tasks)
    taskCount -= 1
    if groups[group].tasks.isEmpty { removeGroup(group, &engines) }
  }

  /// The task queued first in the groups of an engine.
  func next<Payload>(
    for engine: EngineHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) -> TaskHandle? {
    while let top = engines[engine].groupHeap.min {
      guard isCurrent(top), let first = groups[top.group].tasks.first else {
        engines[engine].groupHeap.popMin()
        continue
      }
      let sequence = tasks[first].sequence
      if sequence == top.sequence { return first }
      engines[engine].groupHeap.replaceMin(with: .init(sequence: sequence, group: top.group, serial: top.serial))
    }
    return nil
  }

  /// Makes the groups that name an engine count it as registered.
  mutating func engineRegistered<Payload>(
    _ engine: EngineHandle, _ tasks: TaskTable<Payload>, _ engines: inout EngineRegistry
  ) {
    for group in engines[engine].groups {
      groups[group].registeredCount += 1
      guard let first = groups[group].tasks.first else { continue }
      engines[engine].groupHeap.insert(
        .init(sequence: tasks[first].sequence, group: group, serial: groups[group].serial))
    }
  }

  /// Makes the groups of an engine count it as gone. Returns the tasks that no registered engine may take any more.
  mutating func engineUnregistered<Payload>(
    _ engine: EngineHandle, _ tasks: TaskTable<Payload>, _ engines: inout EngineRegistry
  ) -> [TaskHandle] {
    engines[engine].groupHeap = LazyHeap()
    var stranded: [TaskHandle] = []
    for group in engines[engine].groups.sorted() {
      groups[group].registeredCount -= 1
      if groups[group].registeredCount == 0 { stranded += tasks.handles(in: groups[group].tasks) }
    }
    return stranded
  }

  private mutating func makeGroup(
    _ members: [EngineHandle], hash: UInt32, sequence: Int, _ engines: inout EngineRegistry
  ) -> GroupHandle {
    latestSerial += 1
    let group = groups.insert(EngineGroup(members: members, serial: latestSerial))
    index.insert(hash: hash, group)
    let entry = EngineGroup.Entry(sequence: sequence, group: group, serial: latestSerial)
    for member in members {
      engines[member].groups.insert(group)
      guard engines[member].phase == .registered else { continue }
      groups[group].registeredCount += 1
      engines[member].groupHeap.insert(entry)
    }
    return group
  }

  private mutating func removeGroup(_ group: GroupHandle, _ engines: inout EngineRegistry) {
    let members = groups[group].members
    index.remove(hash: members.identifierHash, group)
    groups.remove(group)
    for member in members {
      engines[member].groups.remove(group)
      if engines[member].groups.isEmpty, engines[member].groups.capacity > 16 { engines[member].groups = [] }
      // An engine that is busy for long would otherwise collect entries of groups that are gone.
      let count = engines[member].groups.count
      engines[member].groupHeap.prune(live: count) { isCurrent($0) }
      engines.releaseName(member)
    }
  }

  private func isCurrent(_ entry: EngineGroup.Entry) -> Bool {
    groups.contains(entry.group) && groups[entry.group].serial == entry.serial
  }

  /// What is wrong with the groups.
  func problems<Payload>(_ tasks: TaskTable<Payload>, _ engines: EngineRegistry) -> [String] {
    var problems: [String] = []
    var count = 0
    groups.visit { handle, group in
      let name = "group \(handle.index)"
      let members = group.members
      count += group.tasks.count
      if group.tasks.isEmpty { problems.append("\(name) has no tasks") }
      if members != Set(members).sorted() { problems.append("\(name): members are not ascending") }
      let registered = members.count { engines[$0].phase == .registered }
      if registered != group.registeredCount { problems.append("\(name): \(registered) members are registered") }
      for member in members where !engines[member].groups.contains(handle) {
        problems.append("\(name) is unknown to a member")
      }
      for task in tasks.handles(in: group.tasks)
      where tasks[task].phase != .grouped || tasks[task].constraints.flatMap({ tasks[$0].group }) != handle {
        problems.append("\(tasks[task].id) is in the wrong group")
      }
    }
    if count != taskCount { problems.append("\(count) tasks in groups, not \(taskCount)") }
    if index.count != groups.count { problems.append("\(index.count) groups by members, not \(groups.count)") }
    return problems
  }
}
