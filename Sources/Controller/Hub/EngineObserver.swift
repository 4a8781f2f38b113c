/// A scheduler or relay that is notified when engines join or leave. The hub calls it on the hub's loop.
protocol EngineObserver: Sendable {
  /// An engine can take work. If `returnsTasks` is true, it returns tasks that wait behind a long one.
  func engineRegistered(_ uuid: String, id: Int, returnsTasks: Bool)
  /// An engine has left.
  func engineUnregistered(_ uuid: String, _ departure: EngineDeparture)
}

extension TaskScheduler: EngineObserver {}
