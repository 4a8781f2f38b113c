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
          try await self.retryingAfterReturn { try await self.refreshEngines(timeout: self.configuration.queryTimeout) }
          try await Task.sleep(for: .seconds(1))
        }
      }
      try await group.next()
      group.cancelAll()
    }
  }

  /// Asks the hub for the registered engines.
  ///
  /// - Returns: the hub's name for this run of the controller, if it has one.
  @discardableResult
  func refreshEngines(timeout: Duration) async throws -> String? {
    let content = try await query(MessageType.connectionRequest, timeout: timeout).content
    do {
      connection.register(try Connection.engines(content))
    } catch {
      throw ClientError(.malformedReply, "\(error)", underlying: error)
    }
    connection.outbox.keepRequests(content["journal"]?.boolValue ?? false)
    return content["instance"]?.stringValue
  }

  /// The engine with a uuid, if it is registered.
  package func engine(uuid: String) -> RegisteredEngine? { connection.directory.withLock { $0.engines.engine(uuid) } }

  /// Makes sure that an engine is known which has answered: the notification of its registration may be on its way.
  ///
  /// - Throws: ``ClientError``.
  package func learn(uuid: String) async throws {
    if engineID(uuid) == nil { try await refreshEngines(timeout: configuration.queryTimeout) }
  }

  /// Waits until an engine isn't registered any more, the client is closed, or the task is cancelled.
  package func waitForDeparture(of uuid: String) async {
    let (ticket, changes) = watchEngines()
    defer { stopWatching(ticket) }
    if isClosed || engine(uuid: uuid) == nil { return }
    for await _ in changes where engine(uuid: uuid) == nil { return }
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
