import Foundation
import Logging
import MartletWire

/// Engines for a running cluster, which end with this process.
public struct AddedEngines: Sendable, Hashable {
  /// The profile with the connection file.
  public var profile: ProfileDirectory
  /// The cluster of the profile.
  public var clusterID: String
  /// The engines.
  public var group: EngineGroup

  /// Engines for a cluster, by default the profile's default one.
  public init(profile: ProfileDirectory, clusterID: String = "", group: EngineGroup) {
    self.profile = profile
    self.clusterID = clusterID
    self.group = group
  }

  /// Starts the engines, calls `started`, and returns when all engines have ended. Stops them when the task is
  /// cancelled.
  ///
  /// - Parameter started: called with what the engines run in, for example `process 7`.
  /// - Returns: how the engines ended that were not told to, in the order of their start.
  /// - Throws: ``OptionError`` or ``ClusterError`` when engines can't be started.
  @discardableResult
  public func run(started: @Sendable ([String]) -> Void = { _ in }) async throws -> [String] {
    try profile.create()
    var context = context
    guard case .ssh = group.launcher else { return try await run(in: context, started) }
    let sockets = try SocketDirectory.make()
    context.sockets = sockets.path
    do {
      let ends = try await run(in: context, started)
      sockets.remove()
      return ends
    } catch {
      sockets.remove()
      throw error
    }
  }

  private func run(in context: LaunchContext, _ started: @Sendable ([String]) -> Void) async throws -> [String] {
    var engines: [any RunningEngines] = []
    var reports: [Task<EngineEnd, Never>] = []
    do {
      for number in 0..<group.launchCount {
        let launch = try group.launch(number, in: context)
        let running = try await launch.start(
          connection: { try ConnectionFile(.engine, profileDirectory: profile.path, clusterID: clusterID).read() },
          grace: .seconds(5))
        engines.append(running)
        if let remote = running as? RemoteEngine { try await remote.waitUntilConnected { true } }
        reports.append(Task { await report(running, launch.uuids) })
      }
    } catch {
      await Cluster.stop(engines)
      throw error
    }
    started(engines.map(\.kind))
    let all = engines
    return await withTaskCancellationHandler {
      var ends: [String] = []
      for (number, report) in reports.enumerated() {
        let end = await report.value
        if !end.isWanted { ends.append("engine \(number): \(end.reason)") }
      }
      return ends
    } onCancel: {
      Task { await Cluster.stop(all) }
    }
  }

  private var context: LaunchContext {
    LaunchContext(
      profile: profile, clusterID: clusterID, set: "\(Int(Date().timeIntervalSince1970))-\(ProcessIdentity.pid)",
      program: .current, arguments: [])
  }

  /// Tells the hub when engines have ended.
  private func report(_ running: any RunningEngines, _ uuids: [String]) async -> EngineEnd {
    let end = EngineEnd(of: running.kind, status: await running.status, log: running.log)
    let arguments = ["--profile-dir=\(profile.path)", "--cluster-id=\(clusterID)"] + group.arguments
    guard var options = try? EngineOptions.read(arguments).options else { return end }
    options.connectionFileTimeout = .zero
    // Without a controller there is nobody to tell, and behind a tunnel it notices by itself.
    guard let connection = try? await options.connection(), connection.ssh.isEmpty else { return end }
    try? await EngineObituary(uuids: uuids, reason: end.reason).send(to: connection)
    return end
  }
}
