import ArgumentParser
import Foundation
import MartletCluster

/// `martlet stop`.
struct Stop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Stop a running cluster.")

  @OptionGroup var selection: ClusterSelection

  @Flag(help: "Stop all clusters of the profile, or of all profiles if none is named.")
  var all = false

  @Argument(help: "Cluster ids, instead of --cluster-id.")
  var clusterIds: [String] = []

  func run() async throws {
    let selection = selection
    let (all, ids) = (all, clusterIds)
    try await perform {
      let options = try selection.options()
      try await StopAction(
        profiles: all ? try selection.profiles() : [options.application.profile],
        clusterIDs: all ? nil : (ids.isEmpty ? [options.application.clusterID] : ids)
      ).run()
    }
  }
}

/// Stops clusters from outside.
struct StopAction {
  let profiles: [ProfileDirectory]
  /// `nil` for all.
  let clusterIDs: [String]?

  func run() async throws {
    let records: [ClusterRecord]
    if let clusterIDs {
      records = try clusterIDs.flatMap { id in try profiles.map { try ClusterCatalog.running(id, in: $0) } }
    } else {
      records = ClusterCatalog(profiles: profiles).clusters.filter(\.isAlive)
    }
    try await withThrowingTaskGroup { group in
      for record in records { group.addTask { try await record.stop() } }
      try await group.waitForAll()
    }
  }
}
