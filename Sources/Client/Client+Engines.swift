import MartletWire
import Synchronization

extension Client {
  /// Waits until enough engines are registered.
  ///
  /// - Parameters:
  ///   - count: the least number of engines.
  ///   - timeout: how long to wait. Zero or less means not at all.
  /// - Throws: ``ClientError/Code/timeout``, which says how many there are; ``ClientError/Code/closed``.
  public func waitForEngines(_ count: Int, timeout: Duration = .seconds(60)) async throws {
    if ids.count >= count { return }
    try await withTimeout(timeout) {
      try await self.waitForEngines(count)
    } onTimeout: {
      ClientError(.timeout, "\(self.ids.count) of \(count) engines are registered after \(timeout.boundedWait)")
    }
  }

  private func waitForEngines(_ count: Int) async throws {
    let (ticket, changes) = watchEngines()
    defer { stopWatching(ticket) }
    if ids.count >= count { return }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for await _ in changes where self.ids.count >= count { return }
        if self.isClosed { throw ClientError.closed }
      }
      // Notifications are lost if the hub publishes them before the subscription has reached it, so ask now and then.
      group.addTask {
        while self.ids.count < count {
          try await self.refreshEngines(timeout: self.configuration.queryTimeout)
          try await Task.sleep(for: .seconds(1))
        }
      }
      try await group.next()
      group.cancelAll()
    }
  }

  /// Asks the hub for the registered engines.
  func refreshEngines(timeout: Duration) async throws {
    let reply = try await query(MessageType.connectionRequest, timeout: timeout)
    var engines: [Int: String] = [:]
    for (id, uuid) in reply.content["engines"]?.objectValue ?? [:] {
      guard let id = Int(id), let uuid = uuid.stringValue else {
        throw ClientError(.malformedReply, "the hub's list of engines has the entry \(id): \(uuid)")
      }
      engines[id] = uuid
    }
    connection.register(engines)
  }

  private func watchEngines() -> (Int, AsyncStream<Void>) {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let ticket = connection.directory.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = continuation
      return state.nextWatcher
    }
    return (ticket, stream)
  }

  private func stopWatching(_ ticket: Int) { connection.directory.withLock { $0.watchers[ticket] = nil } }
}
