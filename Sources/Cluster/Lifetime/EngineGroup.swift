import Foundation
import Logging
import MartletWire

/// Engines for a running cluster, on this host or elsewhere.
public struct EngineGroup: Sendable, Hashable {
  /// The profile with the connection file.
  public var profile: ProfileDirectory
  /// The cluster of the profile.
  public var clusterID = ""
  /// The number of engines.
  public var count: Int
  /// The program that runs as an engine when called with `engine …`.
  public var program: ProgramCommand
  /// Additional options for each engine, for example `--file=…`.
  public var arguments: [String] = []

  /// Engines for a profile's default cluster.
  public init(profile: ProfileDirectory, count: Int, program: ProgramCommand = .current) {
    self.profile = profile
    self.count = count
    self.program = program
  }

  /// Starts the engines, calls `started`, and returns when all engines have ended. Stops them when the task is
  /// cancelled.
  ///
  /// - Parameter started: called with the processes.
  /// - Returns: how the engines ended that were not told to, in the order of their start.
  /// - Throws: ``OptionError`` when a process can't be started.
  @discardableResult
  public func run(started: @Sendable ([ChildProcess]) -> Void = { _ in }) async throws -> [String] {
    try profile.create()
    let options = ["engine", "--profile-dir=\(profile.path)", "--cluster-id=\(clusterID)"] + arguments
    let set = "\(Int(Date().timeIntervalSince1970))-\(ProcessIdentity.pid)"
    var engines: [ChildProcess] = []
    var reports: [Task<Void, Never>] = []
    do {
      for number in 0..<count {
        let log = "\(profile.log)/ipengine-\(clusterID)-\(set)-\(number).log"
        let uuid = Session.randomID()
        let engine = try await ChildProcess.launch(
          program.adding(options), environment: [EngineOptions.uuidVariable: uuid], log: log)
        engines.append(engine)
        reports.append(Task { await report(engine, uuid) })
      }
    } catch {
      await Self.stop(engines)
      throw error
    }
    started(engines)
    let all = engines
    return await withTaskCancellationHandler {
      var ends: [String] = []
      for (number, engine) in all.enumerated() {
        let end = EngineEnd(pid: engine.pid, status: await engine.status, log: engine.log)
        if !end.isWanted { ends.append("engine \(number): \(end.reason)") }
      }
      for report in reports { await report.value }
      return ends
    } onCancel: {
      Task { await Self.stop(all) }
    }
  }

  /// Tells the hub when an engine has ended.
  private func report(_ engine: ChildProcess, _ uuid: String) async {
    let end = EngineEnd(pid: engine.pid, status: await engine.status, log: engine.log)
    let options = try? EngineOptions.read(["--profile-dir=\(profile.path)", "--cluster-id=\(clusterID)"] + arguments)
    guard var options = options?.options else { return }
    options.connectionFileTimeout = .zero
    // Without a controller there is nobody to tell.
    guard let connection = try? await options.connection() else { return }
    try? await EngineObituary(uuid: uuid, reason: end.reason).send(to: connection)
  }

  private static func stop(_ engines: [ChildProcess]) async {
    await withTaskGroup { group in
      for engine in engines { group.addTask { await engine.stop() } }
    }
  }
}
