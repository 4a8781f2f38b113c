import MartletWire
import Synchronization

extension Client {
  /// Waits until a number of engines is registered.
  ///
  /// - Parameters:
  ///   - count: how many engines, at least.
  ///   - timeout: how long to wait.
  /// - Throws: ``ClientError/Code/timeout`` that says how many there are, ``ClientError/Code/closed``.
  public func waitForEngines(_ count: Int, timeout: Duration = .seconds(60)) async throws {
    try await withTimeout(timeout) {
      try await self.waitForEngines(count)
    } onTimeout: {
      ClientError(.timeout, "\(self.ids.count) of \(count) engines are registered after \(timeout)")
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
      // Notifications published before the subscription has reached the hub are lost: ask now and then.
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

  /// Asks the hub which engines there are.
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
