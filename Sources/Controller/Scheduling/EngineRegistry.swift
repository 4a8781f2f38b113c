import MartletWire

/// The engines: registered, leaving, or only named by queued tasks; and how much each may be given.
struct EngineRegistry {
  private var records = Directory(vacant: EngineRecord(identity: EngineIdentity(""), hash: 0))
  private var pool: EnginePool
  /// Engines that unregistered with tasks pending.
  private struct Leaving: Comparable {
    let deadline: ContinuousClock.Instant
    let engine: EngineToken

    static func < (left: Leaving, right: Leaving) -> Bool {
      (left.deadline, left.engine.registration) < (right.deadline, right.engine.registration)
    }
  }

  private var leaving = LazyHeap<Leaving>()
  /// How and when the engines left that are leaving.
  private var departures: [EngineHandle: (how: EngineDeparture, time: ContinuousClock.Instant)] = [:]
  private var probeTimers = LazyHeap<ProbeTimer>()
  private var latestProbeTimer: UInt64 = 0
  /// How long an engine may be silent about its oldest task before it is probed.
  private let patience: Duration
  private var latestRegistration: UInt32 = 0
  /// The high water mark; 0 for none.
  private let mark: Int
  private let looksAhead: Bool

  /// The registered engines that offer resources.
  private(set) var offering: [EngineHandle] = []
  /// The registered engines that run several tasks at once.
  private var concurrent: [EngineHandle] = []

  /// How many engines are registered.
  private(set) var registeredCount = 0
  /// How many tasks are on engines.
  private(set) var pendingCount = 0
  /// How many tasks have been given to engines, which numbers them.
  private(set) var dispatchCount = 0

  init<Payload>(configuration: TaskSchedulerState<Payload>.Configuration, generator: SplitMix64) {
    mark = configuration.scheme == .pure ? 0 : max(0, configuration.hwm ?? 1)
    looksAhead = configuration.looksAhead
    patience = configuration.probeAfter
    pool = EnginePool(scheme: configuration.scheme, generator: generator)
  }

  /// The number of engines known.
  var count: Int { records.count }

  /// The number of engines that memory is allocated for.
  var capacity: Int { max(records.capacity, pool.capacity) }

  subscript(engine: EngineHandle) -> EngineRecord {
    @inline(__always) get { records[engine] }
    @inline(__always) _modify { yield &records[engine] }
  }

  func visit(_ body: (EngineHandle, EngineRecord) -> Void) { records.visit(body) }

  // MARK: - Identities

  func find(_ identity: EngineIdentity) -> EngineHandle? { records.find(identity.rawValue) }

  /// The engine of an identity, if it is registered.
  func registered(_ identity: EngineIdentity) -> EngineHandle? {
    find(identity).flatMap { records[$0].phase == .registered ? $0 : nil }
  }

  func token(of engine: EngineHandle) -> EngineToken {
    EngineToken(engine: engine, registration: records[engine].registration)
  }

  /// Whether the latest registration of an engine is this one, even if the engine has left since.
  func isLatest(_ token: EngineToken) -> Bool {
    records.contains(token.engine) && records[token.engine].registration == token.registration
  }

  func isRegistered(_ token: EngineToken) -> Bool {
    isLatest(token) && records[token.engine].phase == .registered
  }

  /// The engine of an identity; if there is none, one that is only named.
  mutating func named(_ identity: EngineIdentity) -> EngineHandle {
    let hash = identity.rawValue.identifierHash
    if let known = records.find(identity.rawValue, hash: hash) { return known }
    return records.insert(EngineRecord(identity: identity, hash: hash))
  }

  /// Forgets an engine that is only named, unless a queued task names it.
  mutating func releaseName(_ engine: EngineHandle) {
    guard records[engine].phase == .named, records[engine].groups.isEmpty else { return }
    records.remove(engine)
    pool.shrink(to: records.indexLimit)
  }

  // MARK: - Coming and leaving

  /// Registers an engine that is not registered, as the first in line. It can't be picked before
  /// ``updateAvailability(of:aheadAllowed:now:)``.
  mutating func register(_ identity: EngineIdentity, id: Int?, _ abilities: EngineAbilities) -> EngineHandle {
    let engine = named(identity)
    latestRegistration &+= 1
    records[engine].phase = .registered
    records[engine].isExpected = false
    records[engine].registration = latestRegistration
    records[engine].number = id.flatMap { Int32(exactly: $0) } ?? -1
    records[engine].returnsTasks = abilities.returnsTasks
    records[engine].budget = ResourceBudget(offer: abilities.resources)
    records[engine].end = abilities.end
    records[engine].isRetiring = false
    records[engine].probeTimer = 0
    records[engine].pace = EnginePace()
    registeredCount += 1
    enlist(engine, abilities)
    pool.register(engine)
    return engine
  }

  /// Adds an engine of an earlier controller, which has tasks and is to come back. It is leaving unless it does.
  mutating func expect(
    _ identity: EngineIdentity, within time: Duration, now: ContinuousClock.Instant
  ) -> EngineHandle {
    let engine = named(identity)
    guard records[engine].phase == .named else { return engine }
    latestRegistration &+= 1
    records[engine].phase = .leaving
    records[engine].isExpected = true
    records[engine].registration = latestRegistration
    pool.register(engine)
    awaitReplies(of: engine, .absent(time), now: now)
    return engine
  }

  /// Notes the integer id of an engine that is expected.
  mutating func name(_ engine: EngineHandle, id: Int) {
    if records[engine].isExpected { records[engine].number = Int32(exactly: id) ?? -1 }
  }

  /// An engine that was expected has come back with its tasks. It can't be picked before
  /// ``updateAvailability(of:aheadAllowed:now:)``.
  mutating func revive(_ engine: EngineHandle, id: Int?, _ abilities: EngineAbilities, now: ContinuousClock.Instant) {
    departures[engine] = nil
    records[engine].phase = .registered
    records[engine].isExpected = false
    records[engine].number = id.flatMap { Int32(exactly: $0) } ?? -1
    records[engine].returnsTasks = abilities.returnsTasks
    records[engine].budget.revive(offer: abilities.resources)
    records[engine].end = abilities.end
    records[engine].isRetiring = false
    records[engine].pace = EnginePace()
    registeredCount += 1
    enlist(engine, abilities)
    records[engine].oldestSince = now
    records[engine].probeCount = 0
    if !records[engine].pending.isEmpty { startProbeTimer(of: engine, at: now + patience) }
  }

  /// A registered engine gets no more tasks.
  mutating func retire(_ engine: EngineHandle) {
    records[engine].isRetiring = true
    withhold(engine)
  }

  /// Whether an engine that gets no more tasks has none.
  func hasRetired(_ engine: EngineHandle) -> Bool {
    records[engine].isRetiring && records[engine].pending.isEmpty
  }

  private mutating func enlist(_ engine: EngineHandle, _ abilities: EngineAbilities) {
    records[engine].isConcurrent = abilities.isConcurrent
    if abilities.isConcurrent { concurrent.append(engine) }
    if !abilities.resources.isEmpty { offering.append(engine) }
  }

  /// Unregisters an engine; it keeps its pending tasks.
  mutating func unregister(_ engine: EngineHandle) {
    pool.update(engine, isAvailable: false)
    registeredCount -= 1
    records[engine].phase = .leaving
    if !records[engine].budget.offer.isEmpty { offering.removeAll { $0 == engine } }
    if records[engine].isConcurrent { concurrent.removeAll { $0 == engine } }
  }

  /// Waits for the replies of an engine that has been unregistered.
  mutating func awaitReplies(of engine: EngineHandle, _ departure: EngineDeparture, now: ContinuousClock.Instant) {
    leaving.insert(Leaving(deadline: now + departure.grace, engine: token(of: engine)))
    departures[engine] = (departure, now)
  }

  /// When the next grace period ends.
  var nextDeadline: ContinuousClock.Instant? { leaving.min?.deadline }

  /// Removes the engine whose grace period ends next; returns `nil` if it has no tasks any more, or has come back.
  mutating func popLeaving() -> EngineHandle? {
    guard let token = leaving.popMin()?.engine, isLatest(token), records[token.engine].phase == .leaving else {
      return nil
    }
    return token.engine
  }

  /// What is known about an engine that is gone with tasks.
  func loss(of engine: EngineHandle) -> EngineLoss {
    let departure = departures[engine]
    return EngineLoss(
      engine: records[engine].identity, id: id(of: engine), reason: departure?.how.text,
      // What an expected engine ran it had begun before the restart.
      duration: records[engine].isExpected
        ? nil : departure.map { max(.zero, $0.time - records[engine].oldestSince) })
  }

  /// The integer id of an engine.
  func id(of engine: EngineHandle) -> Int? { records[engine].number < 0 ? nil : Int(records[engine].number) }

  /// An engine that was leaving has no pending tasks any more.
  mutating func left(_ engine: EngineHandle) {
    departures[engine] = nil
    records[engine].phase = .named
    records[engine].isExpected = false
    releaseName(engine)
  }

  // MARK: - Loads

  /// How many tasks an engine has.
  func load(of engine: EngineHandle) -> Int { pool.load(of: engine) }

  /// Whether an engine may be given a task.
  ///
  /// - Parameter aheadAllowed: whether it may be given tasks beyond its mark. An engine that a task with restrictions
  ///   waits for is never given any: it would never be free for that task.
  @inline(__always)
  func hasRoom(_ engine: EngineHandle, aheadAllowed: Bool, now: ContinuousClock.Instant) -> Bool {
    guard records[engine].phase == .registered, !records[engine].isRetiring else { return false }
    if isBelowMark(engine) { return true }
    guard looksAhead, aheadAllowed, records[engine].returnsTasks, records[engine].groups.isEmpty,
      records[engine].awaitedCount == 0, records[engine].concurrentCount == 0
    else { return false }
    return pool.load(of: engine) < records[engine].pace.depth(now: now)
  }

  @inline(__always)
  private func isBelowMark(_ engine: EngineHandle) -> Bool { mark == 0 || pool.load(of: engine) < mark }

  /// Numbers tasks that are given to engines after those of an earlier controller.
  mutating func resumeCount(after order: Int) { dispatchCount = max(dispatchCount, order) }

  /// Makes an engine available or not, after its room has changed.
  mutating func updateAvailability(of engine: EngineHandle, aheadAllowed: Bool, now: ContinuousClock.Instant) {
    let isAvailable = hasRoom(engine, aheadAllowed: aheadAllowed, now: now)
    pool.update(engine, isAvailable: isAvailable)
  }

  /// Makes an engine unavailable until ``updateAvailability(of:aheadAllowed:now:)``.
  mutating func withhold(_ engine: EngineHandle) { pool.update(engine, isAvailable: false) }

  /// Adds a dispatched task to those on an engine.
  mutating func start<Payload>(
    _ task: TaskHandle, on engine: EngineHandle, _ tasks: inout TaskTable<Payload>, now: ContinuousClock.Instant
  ) {
    if records[engine].pending.isEmpty { oldestChanged(on: engine, now: now) }
    tasks.append(task, to: &records[engine].pending)
    dispatchCount += 1
    tasks[task].sequence = dispatchCount
    pendingCount += 1
    if tasks[task].concurrency > 1 { records[engine].concurrentCount += 1 }
    if let demand = tasks.demand(of: task) { records[engine].budget.take(demand.resources) }
    pool.taskStarted(on: engine)
    records[engine].pace.started(now: now)
  }

  /// Removes a pending task from its engine.
  mutating func end<Payload>(
    _ task: TaskHandle, _ tasks: inout TaskTable<Payload>, now: ContinuousClock.Instant
  ) {
    guard let engine = tasks[task].engine?.engine else { return }
    let wasOldest = records[engine].pending.first == task
    tasks.unlink(task, from: &records[engine].pending)
    if wasOldest, !records[engine].pending.isEmpty { oldestChanged(on: engine, now: now) }
    pendingCount -= 1
    if tasks[task].concurrency > 1 { records[engine].concurrentCount -= 1 }
    if let demand = tasks.demand(of: task) { records[engine].budget.giveBack(demand.resources) }
    pool.taskEnded(on: engine)
  }

  // MARK: - Probes

  /// When ``popProbe(now:)`` is due next.
  var nextProbe: ContinuousClock.Instant? { probeTimers.min?.deadline }

  /// The oldest of an engine's tasks is another one from now on.
  @inline(__always)
  private mutating func oldestChanged(on engine: EngineHandle, now: ContinuousClock.Instant) {
    records[engine].oldestSince = now
    // A timer that was set for a former task is late enough, and set anew when it fires.
    guard records[engine].probeTimer == 0 || records[engine].probeCount > 0 else { return }
    records[engine].probeCount = 0
    startProbeTimer(of: engine, at: now + patience)
  }

  private mutating func startProbeTimer(of engine: EngineHandle, at deadline: ContinuousClock.Instant) {
    latestProbeTimer += 1
    records[engine].probeTimer = latestProbeTimer
    probeTimers.insert(ProbeTimer(deadline: deadline, engine: engine, serial: latestProbeTimer))
    probeTimers.prune(live: records.count) { [records] in Self.runs($0, records) }
  }

  private static func runs(_ timer: ProbeTimer, _ records: Directory<EngineRecord>) -> Bool {
    records.contains(timer.engine) && records[timer.engine].probeTimer == timer.serial
  }

  /// Removes the timer that fires next.
  ///
  /// - Returns: its engine if that has been silent about its oldest task for too long, else `nil`.
  mutating func popProbe(now: ContinuousClock.Instant) -> EngineHandle? {
    guard let timer = probeTimers.popMin(), Self.runs(timer, records) else { return nil }
    let engine = timer.engine
    records[engine].probeTimer = 0
    guard records[engine].phase == .registered, !records[engine].pending.isEmpty else { return nil }
    let count = records[engine].probeCount
    let due = records[engine].oldestSince + patience
    if count == 0, due > now {
      startProbeTimer(of: engine, at: due)
      return nil
    }
    records[engine].probeCount = min(count, .max - 1) + 1
    startProbeTimer(of: engine, at: now + ProbeTimer.interval(after: count, patience: patience))
    return engine
  }

  // MARK: - Choices

  /// Chooses among all engines with room. Room for tasks ahead may have gone since an engine became available; it comes
  /// back when the engine replies.
  mutating func pick(aheadAllowed: Bool, now: ContinuousClock.Instant) -> EngineHandle? {
    while let engine = pool.pick() {
      if hasRoom(engine, aheadAllowed: aheadAllowed, now: now) { return engine }
      pool.update(engine, isAvailable: false)
    }
    return nil
  }

  /// Chooses among the engines below their mark outside a blacklist.
  mutating func pick(excluding blacklist: Set<EngineToken>) -> EngineHandle? {
    let excluded = Set(blacklist.filter { isRegistered($0) }.map(\.engine))
    return pool.pick(excluding: excluded).flatMap { isBelowMark($0) ? $0 : nil }
  }

  /// Chooses among the given registered engines, as far as they are below their mark.
  mutating func pick(among candidates: [EngineHandle]) -> EngineHandle? {
    pool.pick(among: candidates.filter { pool.contains($0) && isBelowMark($0) })
  }

  /// The registered engines that offer something or run several tasks at once: they may wait for a task although others are
  /// queued that they have room for.
  var particular: [EngineHandle] { offering + concurrent.filter { records[$0].budget.offer.isEmpty } }

  // MARK: - Several tasks at once

  /// Whether an engine runs several tasks at once if these allow it.
  func isConcurrent(_ engine: EngineHandle) -> Bool { records[engine].isConcurrent }

  /// Whether an engine can be given a task beside those that it has, which all run at once.
  ///
  /// - Parameter concurrency: how many of the task's kind may.
  func hasSlot(_ engine: EngineHandle, _ concurrency: UInt16) -> Bool {
    let load = pool.load(of: engine)
    return records[engine].phase == .registered && !records[engine].isRetiring && records[engine].isConcurrent
      && Int(records[engine].concurrentCount) == load && load < Int(concurrency)
  }

  /// The engines that can be given a task beside those that they have, with the fewest first.
  func withSlots(_ concurrency: UInt16) -> [EngineHandle] {
    concurrent.filter { hasSlot($0, concurrency) }.sorted { pool.load(of: $0) < pool.load(of: $1) }
  }

  /// How many of an engine's tasks may have begun: the first, or as many as it runs at once.
  ///
  /// - Parameter pending: its tasks in the order of their dispatch.
  func begunCount<Payload>(of engine: EngineHandle, _ pending: [TaskHandle], _ tasks: TaskTable<Payload>) -> Int {
    guard let first = pending.first else { return 0 }
    // What an engine can do is unknown until it comes back.
    guard tasks[first].concurrency > 1, records[engine].isConcurrent || records[engine].isExpected else { return 1 }
    return pending.prefix { tasks[$0].concurrency > 1 }.count
  }

  // MARK: - Resources

  /// The registered engines that could run a task that requires these if they had no others.
  func able(_ required: Resources) -> [EngineHandle] {
    (required.isEmpty ? registered : offering).filter { records[$0].budget.covers(required) }
  }

  /// The registered engines that could run a task now that requires this if they had no others.
  func able(_ demand: ResourceDemand, now: ContinuousClock.Instant) -> [EngineHandle] {
    let able = able(demand.resources)
    return demand.time == nil ? able : able.filter { hasTime(for: demand, $0, now: now) }
  }

  private var registered: [EngineHandle] {
    var registered: [EngineHandle] = []
    records.visit { engine, record in if record.phase == .registered { registered.append(engine) } }
    return registered
  }

  /// Whether an engine has as much time left as is required.
  func hasTime(for demand: ResourceDemand, _ engine: EngineHandle, now: ContinuousClock.Instant) -> Bool {
    guard let time = demand.time, let end = records[engine].end else { return true }
    return time <= end - now
  }

  /// The time of the one of some engines that has the most left; `nil` if one of them has no limit.
  func longestTime(of engines: [EngineHandle], now: ContinuousClock.Instant) -> Duration? {
    var longest = Duration.zero
    for engine in engines {
      guard let end = records[engine].end else { return nil }
      longest = max(longest, end - now)
    }
    return longest
  }

  /// The engines outside a blacklist that can be given a task that requires this now.
  func withRoom(
    for demand: ResourceDemand, excluding blacklist: Set<EngineToken>, now: ContinuousClock.Instant
  ) -> [EngineHandle] {
    (demand.resources.isEmpty ? pool.available : offering).filter {
      pool.contains($0) && isBelowMark($0) && records[$0].budget.hasLeft(demand.resources)
        && hasTime(for: demand, $0, now: now) && !blacklist.contains(token(of: $0))
    }
  }

  /// One kind of demands more or less awaits the engines that could meet it. Those for which any engine will do don't count.
  mutating func changeAwaited(by change: Int32, _ required: Resources) {
    guard !required.isEmpty else { return }
    for engine in able(required) { records[engine].awaitedCount += change }
  }

  // MARK: - Invariants

  /// What is wrong with the engines.
  func problems<Payload>(_ tasks: TaskTable<Payload>) -> [String] {
    var problems: [String] = []
    var (registered, pending) = (0, 0)
    records.visit { engine, record in
      let name = record.identity
      pending += record.pending.count
      switch record.phase {
      case .named:
        if record.groups.isEmpty || !record.pending.isEmpty { problems.append("\(name) is named by no task") }
      case .registered:
        registered += 1
        if pool.load(of: engine) != record.pending.count { problems.append("\(name): load and pending tasks differ") }
        if offering.contains(engine) == record.budget.offer.isEmpty { problems.append("\(name): its offer is unknown") }
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
      for task in tasks.handles(in: record.pending) { used.add(tasks.demand(of: task)?.resources ?? Resources()) }
      let concurrentCount = tasks.handles(in: record.pending).count { tasks[$0].concurrency > 1 }
      if concurrentCount != record.concurrentCount { problems.append("\(name): \(concurrentCount) tasks at once") }
      if concurrent.contains(engine) != (record.phase == .registered && record.isConcurrent) {
        problems.append("\(name): whether it runs several tasks at once is unknown")
      }
      if used != record.budget.used { problems.append("\(name): \(used) in use, not \(record.budget.used)") }
      let numbers = tasks.handles(in: record.pending).map { tasks[$0].sequence }
      if numbers != numbers.sorted() { problems.append("the tasks of \(name) are not in the order of their numbers") }
      for task in tasks.handles(in: record.pending)
      where tasks[task].phase != .pending || tasks[task].engine != token(of: engine) {
        problems.append("\(tasks[task].id) is in the list of \(name), but not on it")
      }
    }
    if registered != registeredCount { problems.append("\(registered) engines registered, not \(registeredCount)") }
    if pending != pendingCount { problems.append("\(pending) tasks pending, not \(pendingCount)") }
    return problems
  }
}
