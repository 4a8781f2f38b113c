import ArgumentParser
import Foundation
import MartletCluster
import MartletWire
import MartletZeroMQ

struct List: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List clusters.",
    discussion: """
      Looks in all profiles unless one is named, for clusters that martlet, ipcluster or a program started. A cluster of \
      another host is unknown where no lock shows that it runs. As JSON, it is an array of what their cluster files contain.
      """)

  @OptionGroup var selection: ClusterSelection

  @OptionGroup var output: JSONOutput

  func run() async throws {
    let (selection, json) = (selection, output.json)
    try await perform {
      try ListAction(profiles: try selection.profiles(), clusterID: selection.clusterId, json: json).run()
    }
  }
}

/// Prints the clusters of some profiles.
struct ListAction {
  let profiles: [ProfileDirectory]
  /// `nil` lists all clusters.
  var clusterID: String?
  let json: Bool

  /// Prints them.
  ///
  /// - Throws: ``ClusterError`` if a cluster is named and there is none of this name.
  func run() throws {
    let clusters = ClusterCatalog(profiles: profiles).clusters.filter {
      clusterID == nil || $0.files.clusterID == clusterID
    }
    if let clusterID, clusters.isEmpty, !json {
      let place = profiles.count == 1 ? " in the profile \(profiles[0].name)" : ""
      throw ClusterError(
        "there is no cluster with the id \(clusterID.isEmpty ? "''" : clusterID)\(place): martlet list without "
          + "--cluster-id shows all")
    }
    if json {
      JSONOutput.print(.array(clusters.map(\.json)))
    } else {
      print(
        Table(header: ["PROFILE", "CLUSTER ID", "RUNNING", "ENGINES", "PID", "HOST"], rows: clusters.map(row)).text)
    }
    for problem in clusters.flatMap(\.problems) { RoleExit.report("\(problem)") }
    if clusters.contains(where: { $0.liveness == .ended && !$0.problems.isEmpty }) {
      RoleExit.report("martlet clean removes the files of clusters that are not running")
    }
  }

  private func row(_ cluster: KnownCluster) -> [String] {
    let running =
      switch cluster.liveness {
      case .running: "True"
      case .ended: "False"
      case .unknown: "unknown"
      }
    let id = cluster.files.clusterID
    return [
      cluster.files.profile.name, id.isEmpty ? "''" : id, running, cluster.engineCount.map(String.init) ?? "-",
      cluster.process.map { "\($0.pid)" } ?? "-", cluster.host ?? "-",
    ]
  }
}

/// Columns of text, each as wide as its widest cell.
struct Table {
  let header: [String]
  let rows: [[String]]

  var text: String {
    let lines = [header] + rows
    let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    return lines.map { line in
      zip(line, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: "  ")
        .trimmingCharacters(in: .whitespaces)
    }.joined(separator: "\n")
  }
}
