import MartletClient
import MartletWire

extension Cluster {
  /// The addresses and keys that clients connect with.
  ///
  /// - Throws: `ConnectionError` when the cluster isn't running.
  public nonisolated func clientConnection() throws -> ConnectionInfo {
    try ClusterFiles(clusterID: configuration.clusterID, profile: configuration.profile).clientConnection.read()
  }

  /// Waits until engines have registered.
  ///
  /// - Parameter count: how many; as many as the cluster was started with, by default.
  /// - Throws: ``ClusterError`` when they don't within the start timeout, or end before.
  public func waitForEngines(_ count: Int? = nil) async throws {
    let count = count ?? configuration.engines
    let info = try clientConnection()
    let timeout = configuration.startTimeout
    let logs = configuration.profile.log
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let client = try await Client.connect(info)
        do {
          try await client.waitForEngines(count)
        } catch {
          await client.close()
          throw error
        }
        await client.close()
      }
      group.addTask {
        try await Task.sleep(for: timeout)
        throw ClusterError(
          "fewer than \(count.counted("engine")) registered within \(timeout); their logs are in \(logs)")
      }
      group.addTask {
        await self.wait { $0.cannotServe }
        try Task.checkCancellation()
        throw ClusterError("the controller or the engines ended while they started; their logs are in \(logs)")
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// Starts a cluster, waits for its engines, runs the body, and stops the cluster however that ends.
  ///
  /// - Parameter body: uses the cluster; it is cancelled with the task.
  /// - Throws: what starting or the body throws.
  public func withRunning<Output: Sendable>(_ body: @Sendable (Cluster) async throws -> Output) async throws -> Output {
    try await start()
    do {
      try await waitForEngines()
      let output = try await body(self)
      await stop()
      return output
    } catch {
      await stop()
      throw error
    }
  }
}
