import MartletWire

/// The engines: registered, leaving, or only named by queued tasks; and how much each may be given.
struct EngineRegistry {
  /// Which engines there are.
  private(set) var roster = EngineRoster()
  /// Those that can take a task now, and the choice among them.
  private(set) var pool: EnginePool
  /// Those that are leaving.
  private(set) var departures = EngineDepartures()
  private var probeTimers: ProbeTimers
  /// The high water mark; 0 for none.
  private let mark: Int
  private let looksAhead: Bool

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

  subscript(engine: EngineHandle) -> EngineRecord {
    @inline(__always) get { roster[engine] }
    @inline(__always) _modify { yield &roster[engine] }
  }

  // MARK: - Coming and going

  /// The engine of an identity; if there is none, one that is only named.
  mutating func named(_ identity: EngineIdentity) -> EngineHandle { roster.named(identity) }

  /// Forgets an engine that is only named, unless a queued task names it.
  mutating func releaseName(_ engine: EngineHandle) {
    if roster.releaseName(engine) { pool.shrink(to: roster.indexLimit) }
  }

  /// Registers an engine that is not registered, as the first in line. It can't be picked before
  /// ``updateAvailability(of:aheadAllowed:now:)``.
  mutating func register(_ identity: EngineIdentity, id: Int?, _ abilities: EngineAbilities) -> EngineHandle {
    let engine = roster.register(identity, id: id, abilities)
    pool.register(engine)
    return engine
  }

  /// Adds an engine of an earlier controller, which has tasks and is to come back. It is leaving unless it does.
  mutating func expect(
    _ identity: EngineIdentity, within time: Duration, now: Instant
  ) -> EngineHandle {
    let (engine, isNew) = roster.expect(identity)
    if isNew {
      pool.register(engine)
      awaitReplies(of: engine, .absent(time), now: now)
    }
    return engine
  }

  /// Notes the integer id of an engine that is expected.
  mutating func name(_ engine: EngineHandle, id: Int) { roster.name(engine, id: id) }

  /// An engine that was expected has come back with its tasks. It can't be picked before
  /// ``updateAvailability(of:aheadAllowed:now:)``.
  mutating func revive(_ engine: EngineHandle, id: Int?, _ abilities: EngineAbilities, now: Instant) {
    departures.remove(engine)
    roster.revive(engine, id: id, abilities, now: now)
    if !roster[engine].pending.isEmpty { probeTimers.start(for: engine, &roster, now: now) }
  }

  /// A registered engine gets no more tasks.
  mutating func retire(_ engine: EngineHandle) {
    roster.retire(engine)
    withhold(engine)
  }

  /// Unregisters an engine; it keeps its pending tasks.
  mutating func unregister(_ engine: EngineHandle) {
    withhold(engine)
    roster.unregister(engine)
  }

  /// Waits for the replies of an engine that has been unregistered.
  mutating func awaitReplies(of engine: EngineHandle, _ departure: EngineDeparture, now: Instant) {
    departures.add(token(of: engine), departure, now: now)
  }

  /// Removes the engine whose grace period ends next; returns `nil` if it has no tasks any more, or has come back.
  mutating func popLeaving() -> EngineHandle? {
    guard let token = departures.popNext(), isLatest(token), roster[token.engine].phase == .leaving else {
      return nil
    }
    return token.engine
  }

  /// An engine that was leaving has no pending tasks any more.
  mutating func left(_ engine: EngineHandle) {
    departures.remove(engine)
    roster.left(engine)
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
  func hasRoom(_ engine: EngineHandle, aheadAllowed: Bool, now: Instant) -> Bool {
    guard roster[engine].phase == .registered, !roster[engine].isRetiring else { return false }
    if isBelowMark(engine) { return true }
    guard looksAhead, aheadAllowed, roster[engine].returnsTasks, roster[engine].demandGroupCount == 0,
      roster[engine].awaitedCount == 0, roster[engine].concurrentCount == 0
    else { return false }
    return pool.load(of: engine) < roster[engine].pace.depth(now: now)
  }

  @inline(__always)
  func isBelowMark(_ engine: EngineHandle) -> Bool { mark == 0 || pool.load(of: engine) < mark }

  /// Numbers tasks that are given to engines after those of an earlier controller.
  mutating func resumeCount(after order: Int) { dispatchCount = max(dispatchCount, order) }

  /// Makes an engine available or not, after its room has changed.
  mutating func updateAvailability(of engine: EngineHandle, aheadAllowed: Bool, now: Instant) {
    let isAvailable = hasRoom(engine, aheadAllowed: aheadAllowed, now: now)
    pool.update(engine, isAvailable: isAvailable)
  }

  /// Makes an engine unavailable until ``updateAvailability(of:aheadAllowed:now:)``.
  mutating func withhold(_ engine: EngineHandle) { pool.update(engine, isAvailable: false) }

  /// Adds a dispatched task to those on an engine.
  mutating func start<Payload>(
    _ task: TaskHandle, on engine: EngineHandle, _ tasks: inout TaskTable<Payload>, now: Instant
  ) {
    if roster[engine].pending.isEmpty { probeTimers.oldestChanged(on: engine, &roster, now: now) }
    tasks.append(task, to: &roster[engine].pending)
    dispatchCount += 1
    tasks[task].sequence = dispatchCount
    pendingCount += 1
    if tasks[task].concurrency > 1 { roster[engine].concurrentCount += 1 }
    if let demand = tasks.demand(of: task) { roster[engine].budget.take(demand.resources) }
    pool.taskStarted(on: engine)
    roster[engine].pace.started(now: now)
  }

  /// Removes a pending task from its engine.
  mutating func end<Payload>(
    _ task: TaskHandle, _ tasks: inout TaskTable<Payload>, now: Instant
  ) {
    guard let engine = tasks[task].engine?.engine else { return }
    let wasOldest = roster[engine].pending.first == task
    tasks.unlink(task, from: &roster[engine].pending)
    if wasOldest, !roster[engine].pending.isEmpty { probeTimers.oldestChanged(on: engine, &roster, now: now) }
    pendingCount -= 1
    if tasks[task].concurrency > 1 { roster[engine].concurrentCount -= 1 }
    if let demand = tasks.demand(of: task) { roster[engine].budget.giveBack(demand.resources) }
    pool.taskEnded(on: engine)
  }

  // MARK: - Probes

  /// When ``popProbe(now:)`` is due next.
  var nextProbe: Instant? { probeTimers.next }

  /// Removes the timer that fires next.
  ///
  /// - Returns: its engine if that has been silent about its oldest task for too long, else `nil`.
  mutating func popProbe(now: Instant) -> EngineHandle? { probeTimers.pop(&roster, now: now) }

  // MARK: - Choices

  /// Chooses among all engines with room. Room for tasks ahead may have gone since an engine became available; it comes
  /// back when the engine replies.
  mutating func pick(aheadAllowed: Bool, now: Instant) -> EngineHandle? {
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

  /// Whether a registered engine may be given a task that only it may run.
  func mayTake(_ engine: EngineHandle, aheadAllowed: Bool, now: Instant) -> Bool {
    pool.contains(engine) && hasRoom(engine, aheadAllowed: aheadAllowed, now: now)
  }

  /// Chooses among the given registered engines: one below its mark, or else one that may be given tasks ahead.
  mutating func pick(
    among candidates: [EngineHandle], aheadAllowed: Bool, now: Instant
  ) -> EngineHandle? {
    pick(among: candidates)
      ?? pool.pick(among: candidates.filter { mayTake($0, aheadAllowed: aheadAllowed, now: now) })
  }
}
