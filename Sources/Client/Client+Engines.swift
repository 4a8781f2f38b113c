import MartletWire
import Synchronization

extension Client {
  /// The changes of the cluster from now on: engines that come and go, a controller that is lost and back. Ends when the
  /// client closes.
  ///
  /// ```swift
  /// for await event in client.events { print(event) }
  /// ```
  /// To miss none, ask for the events before ``engines``. A reader that falls behind by 4,096 events loses the oldest.
  public var events: AsyncStream<ClusterEvent> { watchEvents(.bufferingNewest(4096)) }

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
    let changes = watchEvents(.bufferingNewest(1))
    if ids.count >= count { return }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for await _ in changes where self.ids.count >= count { return }
        if self.isClosed { throw ClientError.closed }
      }
      // Notifications are lost if the hub publishes them before the subscription has reached it, so ask now and then.
      group.addTask {
        while self.ids.count < count {
          _ = try await self.retryingAfterReturn {
            try await self.refreshEngines(timeout: self.configuration.queryTimeout)
          }
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
    let (content, engines) = try await listEngines(timeout: timeout)
    connection.register(engines)
    connection.outbox.keepRequests(content["journal"]?.boolValue ?? false)
    return content["instance"]?.stringValue
  }

  /// Makes sure that engines are known to be gone which the hub doesn't list any more. A reply of the scheduler can overtake
  /// the hub's notification, and so can the list.
  ///
  /// - Throws: ``ClientError``, if the hub doesn't answer or the notification doesn't come.
  func learnDepartures(of engines: [RegisteredEngine]) async throws {
    guard engines.contains(where: isRegistered) else { return }
    let timeout = configuration.queryTimeout
    let listed = try await listEngines(timeout: timeout).engines
    for engine in engines where listed[engine.id] != engine.uuid {
      try await withTimeout(timeout) {
        await self.waitForDeparture(of: engine.uuid)
      } onTimeout: {
        ClientError(.timeout, "the hub has not said that engine \(engine.id) is gone after \(timeout.boundedWait)")
      }
    }
  }

  /// Asks the hub for the registered engines.
  private func listEngines(timeout: Duration) async throws -> (content: JSONValue, engines: [Int: String]) {
    let content = try await query(MessageType.connectionRequest, timeout: timeout).content
    do {
      return (content, try Connection.engines(content))
    } catch {
      throw ClientError(.malformedReply, "\(error)", underlying: error)
    }
  }

  /// Asks the hub for the registered engines, again and again until it answers: a request is lost with a controller that
  /// dies, and nobody says so.
  ///
  /// - Returns: as ``refreshEngines(timeout:)``.
  func findEngines(within timeout: Duration) async throws -> String? {
    enum Step {
      case answered(String?)
      case nextRequest
    }
    let deadline = ContinuousClock.now + timeout.boundedWait
    return try await withThrowingTaskGroup(of: Step.self) { group in
      defer { group.cancelAll() }
      var step = Step.nextRequest
      while case .nextRequest = step {
        let left = deadline - .now
        group.addTask { .answered(try await self.refreshEngines(timeout: left)) }
        group.addTask {
          try await Task.sleep(for: min(left, .seconds(1)))
          return .nextRequest
        }
        step = try await group.next() ?? .nextRequest
      }
      guard case .answered(let instance) = step else { return nil }
      return instance
    }
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
    let changes = watchEvents(.bufferingNewest(1))
    if isClosed || engine(uuid: uuid) == nil { return }
    for await _ in changes where engine(uuid: uuid) == nil { return }
  }

  private func watchEvents(
    _ policy: AsyncStream<ClusterEvent>.Continuation.BufferingPolicy
  ) -> AsyncStream<ClusterEvent> {
    let (stream, continuation) = AsyncStream.makeStream(of: ClusterEvent.self, bufferingPolicy: policy)
    let connection = connection
    guard let number = connection.directory.withLock({ $0.add(continuation) }) else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak connection] _ in connection?.directory.withLock { $0.remove(number) } }
    return stream
  }
}
