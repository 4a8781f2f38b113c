import ArgumentParser
import Foundation
import MartletCluster
import MartletWire
import MartletZeroMQ

/// `martlet list`.
struct List: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "List the clusters of all profiles.")

  @OptionGroup var selection: ClusterSelection

  @Flag(help: "Write the cluster files' content as a JSON array.")
  var json = false

  func run() async throws {
    let (selection, json) = (selection, json)
    try await perform { ListAction(profiles: try selection.profiles(), json: json).run() }
  }
}

/// Prints the clusters of some profiles.
struct ListAction {
  let profiles: [ProfileDirectory]
  let json: Bool

  func run() {
    let clusters = ClusterCatalog(profiles: profiles).clusters
    if json {
      print(String(decoding: JSONValue.array(clusters.map(\.json)).bytes.array, as: UTF8.self))
    } else {
      let rows = clusters.map { cluster in
        [
          cluster.profile.name, cluster.clusterID.isEmpty ? "''" : cluster.clusterID,
          cluster.isAlive ? "True" : "False", "\(cluster.isAlive ? cluster.engineCount : 0)", "\(cluster.supervisor)",
        ]
      }
      print(Table(header: ["PROFILE", "CLUSTER ID", "RUNNING", "ENGINES", "PID"], rows: rows).text)
    }
  }
}

/// Columns of text, as wide as they need to be.
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
