/// A scheduler or relay that is notified when engines join or leave. The hub calls it on the hub's loop.
protocol EngineObserver: Sendable {
  /// An engine can take work.
  func engineRegistered(_ uuid: String, id: Int, _ abilities: EngineAbilities)
  /// An engine has left.
  func engineUnregistered(_ uuid: String, _ departure: EngineDeparture)
}

extension TaskScheduler: EngineObserver {}
