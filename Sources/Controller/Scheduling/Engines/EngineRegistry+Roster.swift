import MartletWire

/// What is known about the engines.
extension EngineRegistry {
  /// The number of engines known.
  var count: Int { roster.count }

  /// The number of engines that memory is allocated for.
  var capacity: Int { max(roster.capacity, pool.capacity) }

  /// How many engines are registered.
  var registeredCount: Int { roster.registeredCount }

  func visit(_ body: (EngineHandle, EngineRecord) -> Void) { roster.visit(body) }

  func find(_ identity: EngineIdentity) -> EngineHandle? { roster.find(identity) }

  /// The engine of an identity, if it is registered.
  func registered(_ identity: EngineIdentity) -> EngineHandle? { roster.registered(identity) }

  @inline(__always)
  func token(of engine: EngineHandle) -> EngineToken { roster.token(of: engine) }

  /// Whether the latest registration of an engine is this one, even if the engine has left since.
  func isLatest(_ token: EngineToken) -> Bool { roster.isLatest(token) }

  func isRegistered(_ token: EngineToken) -> Bool { roster.isRegistered(token) }

  /// The integer id of an engine.
  func id(of engine: EngineHandle) -> Int? { roster.id(of: engine) }

  /// Whether an engine that gets no more tasks has none.
  @inline(__always)
  func hasRetired(_ engine: EngineHandle) -> Bool { roster[engine].isRetiring && roster[engine].pending.isEmpty }

  /// The registered engines that offer something or run several tasks at once: they may wait for a task although others are
  /// queued that they have room for.
  var particular: [EngineHandle] { roster.offering + roster.concurrent.filter { roster[$0].budget.offer.isEmpty } }

  // MARK: - Departures

  /// When the next grace period ends.
  var nextDeadline: Instant? { departures.nextDeadline }

  /// What is known about an engine that is gone with tasks.
  func loss(of engine: EngineHandle) -> EngineLoss {
    let departure = departures[engine]
    return EngineLoss(
      engine: roster[engine].identity, id: id(of: engine), reason: departure?.how.text,
      // What an expected engine ran it had begun before the restart.
      duration: roster[engine].isExpected
        ? nil : departure.map { max(.zero, $0.time - roster[engine].oldestSince) })
  }
}
