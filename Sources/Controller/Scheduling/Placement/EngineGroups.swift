/// The queues of tasks that only certain engines may take, one for each set of engines, client, priority and
/// demand.
struct EngineGroups {
  private var groups = Slab<GroupTag, EngineGroup>(vacant: EngineGroup())
  /// The groups by their members, clients and priorities.
  private var index = IdentifierTable<GroupTag>()
  private var latestSerial: UInt64 = 0
  /// How many tasks are queued.
  private(set) var taskCount = 0
  /// How many of the groups have tasks that require something.
  private(set) var demandingCount = 0

  /// The number of groups that memory is allocated for.
  var capacity: Int { max(groups.capacity, index.capacity) }

  /// The number of groups.
  var count: Int { groups.count }

  /// Queues a task for a set of engines, given in ascending order, at the end of its group or before all others of it.
  mutating func add<Payload>(
    _ task: TaskHandle, members: some Collection<EngineHandle>, first: Bool, _ tasks: inout TaskTable<Payload>,
    _ engines: inout EngineRegistry, _ clients: inout ClientTable
  ) {
    guard let constraints = tasks[task].constraints, let client = tasks[task].client else { return }
    let priority = tasks[task].priority
    let demand = tasks[constraints].demand?.kind
    let known = index.find(hash: Self.hash(members, client, priority)) {
      groups[$0].client == client && groups[$0].priority == priority && groups[$0].members.elementsEqual(members)
        && groups[$0].demand == demand
    }
    let group = known ?? make(EngineGroup(members: Array(members), client: client, priority: priority, demand: demand))
    if known == nil { enter(group, with: clients.rank(of: task, &tasks), &engines) }
    tasks[constraints].group = group
    if first, let head = groups[group].tasks.first {
      tasks[task].sequence = tasks[head].sequence - 1
      tasks.prepend(task, to: &groups[group].tasks)
    } else {
      tasks.append(task, to: &groups[group].tasks)
    }
    taskCount += 1
  }

  /// The engines of a group.
  func members(of group: GroupHandle) -> [EngineHandle] { groups[group].members }

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

  /// The task with the best rank in the groups of an engine whose tasks require nothing.
  func next<Payload>(
    for engine: EngineHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry,
    _ clients: inout ClientTable
  ) -> TaskHandle? {
    next(in: &engines[engine].groupHeap, &tasks, &clients)
  }

  /// The task with the best rank in the groups of an engine whose tasks require something, whether it is left or not.
  func nextDemanding<Payload>(
    for engine: EngineHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry,
    _ clients: inout ClientTable
  ) -> TaskHandle? {
    next(in: &engines[engine].demandHeap, &tasks, &clients)
  }

  private func next<Payload>(
    in heap: inout LazyHeap<EngineGroup.Entry>, _ tasks: inout TaskTable<Payload>, _ clients: inout ClientTable
  ) -> TaskHandle? {
    while let top = heap.min {
      guard isCurrent(top), let first = groups[top.group].tasks.first else {
        heap.popMin()
        continue
      }
      let rank = clients.rank(of: first, &tasks)
      if rank == top.rank { return first }
      heap.replaceMin(with: .init(rank: rank, group: top.group, serial: top.serial))
    }
    return nil
  }

  /// Whether an engine counts as one of its groups' that may take tasks once it is registered.
  private func isAble(_ engine: EngineHandle, _ group: GroupHandle, _ engines: EngineRegistry) -> Bool {
    guard let demand = groups[group].demand else { return true }
    return engines[engine].budget.covers(demand.resources)
  }

  private func insert(_ entry: EngineGroup.Entry, of engine: EngineHandle, _ engines: inout EngineRegistry) {
    if groups[entry.group].demand == nil {
      engines[engine].groupHeap.insert(entry)
    } else {
      engines[engine].demandHeap.insert(entry)
    }
  }

  /// Makes the groups that name an engine count it as registered.
  mutating func engineRegistered<Payload>(
    _ engine: EngineHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry,
    _ clients: inout ClientTable
  ) {
    for group in engines[engine].groups where isAble(engine, group, engines) {
      groups[group].registeredCount += 1
      guard let first = groups[group].tasks.first else { continue }
      insert(
        .init(rank: clients.rank(of: first, &tasks), group: group, serial: groups[group].serial), of: engine, &engines)
    }
  }

  /// Makes the groups of an engine count it as gone. Returns the tasks that no registered engine may take any more.
  mutating func engineUnregistered<Payload>(
    _ engine: EngineHandle, _ tasks: TaskTable<Payload>, _ engines: inout EngineRegistry
  ) -> [TaskHandle] {
    engines[engine].groupHeap = LazyHeap()
    engines[engine].demandHeap = LazyHeap()
    var stranded: [TaskHandle] = []
    for group in engines[engine].groups.sorted() where isAble(engine, group, engines) {
      groups[group].registeredCount -= 1
      if groups[group].registeredCount == 0 { stranded += tasks.handles(in: groups[group].tasks) }
    }
    return stranded
  }

  private mutating func make(_ group: EngineGroup) -> GroupHandle {
    latestSerial += 1
    if group.demand != nil { demandingCount += 1 }
    var group = group
    group.serial = latestSerial
    let handle = groups.insert(group)
    index.insert(hash: Self.hash(group.members, group.client, group.priority), handle)
    return handle
  }

  /// Makes a new group known to its members.
  private mutating func enter(_ group: GroupHandle, with rank: TaskRank, _ engines: inout EngineRegistry) {
    let entry = EngineGroup.Entry(rank: rank, group: group, serial: groups[group].serial)
    for member in groups[group].members {
      engines[member].groups.insert(group)
      if groups[group].demand != nil { engines[member].demandGroupCount += 1 }
      guard engines[member].phase == .registered, isAble(member, group, engines) else { continue }
      groups[group].registeredCount += 1
      insert(entry, of: member, &engines)
    }
  }

  private static func hash(
    _ members: some Collection<EngineHandle>, _ client: ClientHandle, _ priority: Int8
  ) -> UInt32 {
    UInt32(truncatingIfNeeded: IdentifierHash.hash(members.lazy.map(\.index)))
      ^ UInt32(bitPattern: client.index) &* 0x9E37_79B1 ^ UInt32(UInt8(bitPattern: priority)) &* 0x85EB_CA6B
  }

  private mutating func removeGroup(_ group: GroupHandle, _ engines: inout EngineRegistry) {
    let members = groups[group].members
    let isDemanding = groups[group].demand != nil
    if isDemanding { demandingCount -= 1 }
    index.remove(hash: Self.hash(members, groups[group].client, groups[group].priority), group)
    groups.remove(group)
    for member in members {
      engines[member].groups.remove(group)
      if isDemanding { engines[member].demandGroupCount -= 1 }
      if engines[member].groups.isEmpty, engines[member].groups.capacity > 16 { engines[member].groups = [] }
      // An engine that is busy for long would otherwise collect entries of groups that are gone.
      let count = engines[member].groups.count
      engines[member].groupHeap.prune(live: count) { isCurrent($0) }
      engines[member].demandHeap.prune(live: count) { isCurrent($0) }
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
    var demanding = 0
    var demandingOf: [EngineHandle: Int32] = [:]
    groups.visit { handle, group in
      if group.demand != nil {
        demanding += 1
        for member in group.members { demandingOf[member, default: 0] += 1 }
      }
      let name = "group \(handle.index)"
      let members = group.members
      count += group.tasks.count
      if group.tasks.isEmpty { problems.append("\(name) has no tasks") }
      if members != Set(members).sorted() { problems.append("\(name): members are not ascending") }
      let registered = members.count { engines[$0].phase == .registered && isAble($0, handle, engines) }
      if registered != group.registeredCount { problems.append("\(name): \(registered) members are registered") }
      for member in members where !engines[member].groups.contains(handle) {
        problems.append("\(name) is unknown to a member")
      }
      for task in tasks.handles(in: group.tasks)
      where tasks[task].phase != .grouped || tasks[task].constraints.flatMap({ tasks[$0].group }) != handle
        || tasks[task].client != group.client || tasks[task].priority != group.priority
        || tasks.demand(of: task)?.kind != group.demand
      {
        problems.append("\(tasks[task].id) is in the wrong group")
      }
    }
    engines.visit { engine, record in
      if record.demandGroupCount != demandingOf[engine] ?? 0 {
        problems.append("\(record.identity) counts \(record.demandGroupCount) demanding groups")
      }
    }
    if demanding != demandingCount { problems.append("\(demanding) demanding groups, not \(demandingCount)") }
    if count != taskCount { problems.append("\(count) tasks in groups, not \(taskCount)") }
    if index.count != groups.count { problems.append("\(index.count) groups by members, not \(groups.count)") }
    return problems
  }
}
