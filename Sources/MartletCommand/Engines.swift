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

  @OptionGroup var output: JSONOutput

  @Argument(parsing: .postTerminator, help: "Options for the engines.")
  var engineArguments: [String] = []

  func run() async throws {
    let arguments = selection.arguments + engines.arguments
    let (engineArguments, json) = (engineArguments, output.json)
    try await perform {
      try OptionError.refuseUnknown(engineArguments, of: "engine") { try EngineOptions.read($0).warnings }
      try await EnginesAction(arguments, engineArguments: engineArguments, json: json).run()
    }
  }
}

/// Runs engines in the foreground.
struct EnginesAction {
  private let added: AddedEngines
  /// Whether the engines were given options of their own, which may name another connection file.
  private let hasOwnOptions: Bool
  private let json: Bool

  /// Engines with the options of `ipcluster engines`.
  init(_ arguments: [String], engineArguments: [String] = [], json: Bool = false) throws {
    self.json = json
    let options = try ClusterOptions.read(arguments).options
    var group = try options.engineGroup()
    let own = engineArguments + options.controllerArguments
    hasOwnOptions = !own.isEmpty
    group.arguments = options.engineArguments + group.arguments + own
    added = AddedEngines(
      profile: options.application.profile, clusterID: options.application.clusterID, group: group)
  }

  func run() async throws {
    let log = added.profile.log
    try checkCluster()
    let count = added.group.engineCount
    let ends = try await added.run { kinds in
      if json {
        JSONOutput.print(["engines": .int(count), "kinds": .array(kinds.map { .string($0) }), "log": .string(log)])
      } else {
        print("\(count.counted("engine")) started (\(kinds.joined(separator: ", "))).")
        print("Their logs are in \(log); Ctrl-C stops them.")
      }
      fflush(nil)
    }
    try Task.checkCancellation()
    let reasons = ends.isEmpty ? "" : ": " + ends.prefix(4).joined(separator: "; ") + (ends.count > 4 ? " …" : "")
    throw ClusterError(
      "\(count == 1 ? "the only engine has ended" : "all engines have ended")\(reasons); their logs are in \(log)"
    )
  }

  /// Refuses to start engines for a cluster that has ended. A cluster without files passes, because its connection file
  /// may still appear. Engines with options of their own pass too, because these may name another file.
  private func checkCluster() throws {
    guard !hasOwnOptions else { return }
    guard added.profile.exists else { throw OptionError.noProfile(added.profile, "start") }
    guard ClusterCatalog.cluster(added.clusterID, in: added.profile) != nil else { return }
    let file = try ClusterCatalog.running(added.clusterID, in: added.profile, orUnknown: true).files.engineConnection
    if file.exists { _ = try file.read() }
  }
}
