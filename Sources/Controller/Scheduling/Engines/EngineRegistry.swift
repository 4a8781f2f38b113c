import MartletWire

/// The engines: registered, leaving, or only named by queued tasks; and how much each may be given.
struct EngineRegistry {
  var records = Directory(vacant: EngineRecord(identity: EngineIdentity(""), hash: 0))
  var pool: EnginePool
  /// The engines that are leaving.
  var departures = EngineDepartures()
  var probeTimers: ProbeTimers
  var latestRegistration: UInt32 = 0
  /// The high water mark; 0 for none.
  private let mark: Int
  private let looksAhead: Bool

  /// The registered engines that offer resources.
  var offering: [EngineHandle] = []
  /// The registered engines that run several tasks at once.
  var concurrent: [EngineHandle] = []

  /// How many engines are registered.
  var registeredCount = 0
  /// How many tasks are on engines.
  private(set) var pendingCount = 0
  /// How many tasks have been given to engines, which numbers them.
  private(set) var dispatchCount = 0

  init<Payload>(configuration: TaskSchedulerState<Payload>.Configuration, generator: SplitMix64) {
    mark = configuration.scheme == .pure ? 0 : max(0, configuration.hwm ?? 1)
    looksAhead = configuration.looksAhead
    probeTimers = ProbeTimers(patience: configuration.probeAfter)
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

  // MARK: - Loads

  /// How many tasks an engine has.
  func load(of engine: EngineHandle) -> Int { pool.load(of: engine) }

  /// Whether an engine may be given a task.
  ///
  /// - Parameter aheadAllowed: whether it may be given tasks beyond its mark. An engine that a task waits for which requires
  ///   something is never given any: it would never be free for that task.
  @inline(__always)
  func hasRoom(_ engine: EngineHandle, aheadAllowed: Bool, now: ContinuousClock.Instant) -> Bool {
    guard records[engine].phase == .registered, !records[engine].isRetiring else { return false }
    if isBelowMark(engine) { return true }
    guard looksAhead, aheadAllowed, records[engine].returnsTasks, records[engine].demandGroupCount == 0,
      records[engine].awaitedCount == 0, records[engine].concurrentCount == 0
    else { return false }
    return pool.load(of: engine) < records[engine].pace.depth(now: now)
  }

  @inline(__always)
  func isBelowMark(_ engine: EngineHandle) -> Bool { mark == 0 || pool.load(of: engine) < mark }

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
    if records[engine].pending.isEmpty { probeTimers.oldestChanged(on: engine, &records, now: now) }
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
    if wasOldest, !records[engine].pending.isEmpty { probeTimers.oldestChanged(on: engine, &records, now: now) }
    pendingCount -= 1
    if tasks[task].concurrency > 1 { records[engine].concurrentCount -= 1 }
    if let demand = tasks.demand(of: task) { records[engine].budget.giveBack(demand.resources) }
    pool.taskEnded(on: engine)
  }

  // MARK: - Probes

  /// When ``popProbe(now:)`` is due next.
  var nextProbe: ContinuousClock.Instant? { probeTimers.next }

  /// Removes the timer that fires next.
  ///
  /// - Returns: its engine if that has been silent about its oldest task for too long, else `nil`.
  mutating func popProbe(now: ContinuousClock.Instant) -> EngineHandle? { probeTimers.pop(&records, now: now) }

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

  /// Chooses among the given registered engines: one below its mark, or else one that may be given tasks ahead.
  mutating func pick(
    among candidates: [EngineHandle], aheadAllowed: Bool, now: ContinuousClock.Instant
  ) -> EngineHandle? {
    pick(among: candidates)
      ?? pool.pick(
        among: candidates.filter { pool.contains($0) && hasRoom($0, aheadAllowed: aheadAllowed, now: now) })
  }

  /// The registered engines that offer something or run several tasks at once: they may wait for a task although others are
  /// queued that they have room for.
  var particular: [EngineHandle] { offering + concurrent.filter { records[$0].budget.offer.isEmpty } }
}
