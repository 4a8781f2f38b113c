import Logging
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
  /// - Parameter count: how many; by default, as many as the cluster was started with, without groups that could not be started.
  /// - Throws: ``ClusterError`` when they don't register within the start timeout, in which the time that a job spends in
  ///   its scheduler's queue doesn't count, or when the controller or all engines end first.
  public func waitForEngines(_ count: Int? = nil) async throws {
    let count = count ?? (configuration.engineCount - groupTable.missing)
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
        try await self.waitForStart(within: timeout)
        await self.noteFailure()
        throw ClusterError(
          "fewer than \(count.counted("engine")) registered within \(timeout); their logs are in \(logs)")
      }
      group.addTask {
        await self.wait { $0.cannotServe }
        try Task.checkCancellation()
        throw await self.lossAtStart
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// Returns when a time is over in which no job was waiting, and says what jobs wait for.
  func waitForStart(within time: Duration) async throws {
    var left = time
    var told: Set<String> = []
    while left > .zero {
      let step = min(left, .seconds(1))
      try await Task.sleep(for: step)
      let started = Array(engines.values) + [controller].compactMap(\.self)
      let delays = started.compactMap { running in running.delay.map { "\(running.kind) waits: \($0)" } }
      for delay in delays where told.insert(delay).inserted { logger.notice("\(delay)") }
      if delays.isEmpty { left -= step }
    }
  }

  private func noteFailure() { hasFailed = true }

  /// How the cluster ended before its engines were there.
  private var lossAtStart: ClusterError {
    hasNoController
      ? controllerLoss ?? ClusterError("the controller ended, its log is in \(configuration.profile.log)") : engineLoss
  }

  /// Starts the cluster, waits for its engines and runs the body. Always stops the cluster afterwards.
  ///
  /// - Parameter body: uses the cluster; cancelled along with the task.
  /// - Throws: the error of the start or of the body.
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
