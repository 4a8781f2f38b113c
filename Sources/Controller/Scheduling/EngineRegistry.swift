import MartletWire

/// The engines: registered, leaving, or only named by queued tasks; and how much each may be given.
struct EngineRegistry {
  private(set) var records = Directory(vacant: EngineRecord(identity: EngineIdentity(""), hash: 0))
  private(set) var pool: EnginePool
  /// The engines that are leaving.
  private var departures = EngineDepartures()
  private var probeTimers: ProbeTimers
  private var latestRegistration: UInt32 = 0
  /// The high water mark; 0 for none.
  private let mark: Int
  private let looksAhead: Bool

  /// The registered engines that offer resources.
  private(set) var offering: [EngineHandle] = []
  /// The registered engines that run several tasks at once.
  private(set) var concurrent: [EngineHandle] = []

  /// How many engines are registered.
  private(set) var registeredCount = 0
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
    departures.remove(engine)
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
    if !records[engine].pending.isEmpty { probeTimers.start(for: engine, &records, now: now) }
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
    departures.add(token(of: engine), departure, now: now)
  }

  /// When the next grace period ends.
  var nextDeadline: ContinuousClock.Instant? { departures.nextDeadline }

  /// Removes the engine whose grace period ends next; returns `nil` if it has no tasks any more, or has come back.
  mutating func popLeaving() -> EngineHandle? {
    guard let token = departures.popNext(), isLatest(token), records[token.engine].phase == .leaving else {
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
    departures.remove(engine)
    records[engine].phase = .named
    records[engine].isExpected = false
    releaseName(engine)
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
