import MartletWire

/// Engines that come and leave.
extension EngineRegistry {
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
}
