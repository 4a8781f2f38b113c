/// The engines that a client knows, and the streams that are told of changes. Streams are told under the lock that guards
/// this, so that all see the same order.
struct WatchedDirectory: Sendable {
  typealias Watcher = AsyncStream<ClusterEvent>.Continuation

  var engines = EngineDirectory()
  private(set) var watchers: [Int: Watcher] = [:]
  private var lastNumber = 0
  private var hasEnded = false

  /// Changes the engines, and tells the watchers.
  mutating func change(_ body: (inout EngineDirectory) -> Void) {
    body(&engines)
    announceChanges()
  }

  /// Tells the watchers what has changed.
  mutating func announceChanges() {
    for event in engines.takeChanges() { announce(event) }
  }

  /// Tells the watchers something that is not about engines.
  func announce(_ event: ClusterEvent) {
    for watcher in watchers.values { watcher.yield(event) }
  }

  /// Adds a watcher.
  ///
  /// - Returns: its number, to remove it; `nil` if the client is closed.
  mutating func add(_ watcher: Watcher) -> Int? {
    guard !hasEnded else { return nil }
    lastNumber += 1
    watchers[lastNumber] = watcher
    return lastNumber
  }

  /// Forgets a watcher that has ended.
  mutating func remove(_ number: Int) { watchers[number] = nil }

  /// The client closes.
  ///
  /// - Returns: the watchers to be finished, without the lock: what they call then may remove them.
  mutating func end() -> [Watcher] {
    hasEnded = true
    defer { watchers = [:] }
    return Array(watchers.values)
  }
}
