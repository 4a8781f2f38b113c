import ArgumentParser
import Foundation
import MartletClient
import MartletCluster

struct Stop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stop a running cluster.",
    discussion: """
      Whatever started it: martlet, ipcluster, a program, or a controller started by itself. With --ssh the controller is \
      asked to shut down, with all engines.
      """)

  @OptionGroup var cluster: RunningCluster

  @Flag(help: "Stop all clusters of the profile, or of all profiles if none is named.")
  var all = false

  @Argument(help: "Cluster ids, instead of --cluster-id.")
  var clusterIds: [String] = []

  func run() async throws {
    let cluster = cluster
    let selection = cluster.selection
    let (all, ids) = (all, clusterIds)
    try await perform {
      guard !all || (ids.isEmpty && selection.clusterId == nil) else {
        throw OptionError("--all stops every cluster: name none, or leave it out")
      }
      guard ids.isEmpty || selection.clusterId == nil else {
        throw OptionError("cluster ids are given twice, as arguments and with --cluster-id")
      }
      if cluster.ssh != nil {
        guard !all, ids.isEmpty else { throw OptionError("--ssh stops one cluster, which --cluster-id may name") }
        return try await cluster.connect().shutdown(hub: true)
      }
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
  /// `nil` stops all clusters.
  let clusterIDs: [String]?
  /// What asks processes to end.
  var signal = SIGTERM

  func run() async throws {
    let clusters: [KnownCluster]
    if let clusterIDs {
      clusters = try clusterIDs.flatMap { id in try profiles.map { try ClusterCatalog.running(id, in: $0) } }
    } else {
      let all = ClusterCatalog(profiles: profiles).clusters
      clusters = all.filter { $0.liveness == .running || $0.isOrphaned }
      for cluster in all where cluster.liveness != .running && !cluster.isOrphaned && cluster.liveness != .ended {
        RoleExit.report("\(cluster.files.name) is not stopped: \(cluster.liveness)")
      }
    }
    try await withThrowingTaskGroup { group in
      for cluster in clusters { group.addTask { try await cluster.stop(with: signal) } }
      // A failure to stop one cluster doesn't keep the others running.
      var failure: (any Error)?
      while let result = await group.nextResult() {
        if case .failure(let error) = result { failure = failure ?? error }
      }
      if let failure { throw failure }
    }
  }
}
