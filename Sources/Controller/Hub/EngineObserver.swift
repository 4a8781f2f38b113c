/// A scheduler or relay that is told about engines that come and go. The hub calls it on its own loop.
protocol EngineObserver: Sendable {
  /// An engine can take work. `returnsTasks` engines return tasks that wait behind a long one.
  func engineRegistered(_ uuid: String, returnsTasks: Bool)
  /// An engine is gone.
  func engineUnregistered(_ uuid: String)
}

extension TaskScheduler: EngineObserver {}
