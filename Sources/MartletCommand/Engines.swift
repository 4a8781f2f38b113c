import ArgumentParser
import Foundation
import MartletCluster
import MartletWire

struct Engines: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start engines for a running cluster, until Ctrl-C.",
    discussion: "Options after -- go to each engine: martlet engines -n 2 -- --file=ipcontroller-engine.json")

  @OptionGroup var engines: EngineSelection

  @OptionGroup var selection: ClusterSelection

  @Argument(parsing: .postTerminator, help: "Options for the engines.")
  var engineArguments: [String] = []

  func run() async throws {
    let arguments = selection.arguments + engines.arguments
    let engineArguments = engineArguments
    try await perform {
      try OptionError.refuseUnknown(engineArguments, of: "engine") { try EngineOptions.read($0).warnings }
      try await EnginesAction(arguments, engineArguments: engineArguments).run()
    }
  }
}

/// Runs engines in the foreground.
struct EnginesAction {
  private let group: EngineGroup
  /// Whether the engines were given options of their own, which may name another connection file.
  private let hasOwnOptions: Bool

  /// Engines with the options of `ipcluster engines`.
  init(_ arguments: [String], engineArguments: [String] = []) throws {
    let options = try ClusterOptions.read(arguments).options
    var group = EngineGroup(
      profile: options.application.profile,
      count: options.engines ?? ProcessInfo.processInfo.activeProcessorCount)
    group.clusterID = options.application.clusterID
    if let program = options.program { group.program = ProgramCommand(executable: program) }
    let own = engineArguments + options.controllerArguments
    hasOwnOptions = !own.isEmpty
    group.arguments = options.python.engineArguments + own
    self.group = group
  }

  func run() async throws {
    let log = group.profile.log
    try checkCluster()
    let ends = try await group.run { engines in
      let pids = engines.map { "\($0.pid)" }.joined(separator: " ")
      print("\(engines.count.counted("engine")) started (\(engines.count == 1 ? "process" : "processes") \(pids)).")
      print("Their logs are in \(log); Ctrl-C stops them.")
      fflush(nil)
    }
    try Task.checkCancellation()
    let reasons = ends.isEmpty ? "" : ": " + ends.prefix(4).joined(separator: "; ") + (ends.count > 4 ? " …" : "")
    throw ClusterError(
      "\(group.count == 1 ? "the only engine has ended" : "all engines have ended")\(reasons); their logs are in \(log)"
    )
  }

  /// Refuses to start engines for a cluster that has ended. A cluster without files passes, because its connection file
  /// may still appear. Engines with options of their own pass too, because these may name another file.
  private func checkCluster() throws {
    guard !hasOwnOptions else { return }
    guard group.profile.exists else { throw OptionError.noProfile(group.profile, "start") }
    guard ClusterCatalog.cluster(group.clusterID, in: group.profile) != nil else { return }
    let file = try ClusterCatalog.running(group.clusterID, in: group.profile, orUnknown: true).files.engineConnection
    if file.exists { _ = try file.read() }
  }
}
