import ArgumentParser
import MartletCluster
import MartletWire

struct Clean: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove what clusters left behind that did not end properly.",
    discussion: """
      Looks in all profiles unless one is named, and after all clusters unless one is named. Files of clusters that run, \
      or may run on another host, stay.
      """)

  @OptionGroup var selection: ClusterSelection

  @Flag(help: "Also remove the files of clusters that run or may run; they can no longer be found then.")
  var force = false

  @OptionGroup var output: JSONOutput

  func run() async throws {
    let (selection, force, json) = (selection, force, output.json)
    try await perform {
      await CleanAction(profiles: try selection.profiles(), clusterID: selection.clusterId, force: force, json: json)
        .run()
    }
  }
}

/// Removes what clusters left behind.
struct CleanAction {
  let profiles: [ProfileDirectory]
  /// `nil` cleans up after all clusters.
  var clusterID: String?
  let force: Bool
  var json = false

  func run() async {
    let catalog = ClusterCatalog(profiles: profiles)
    for problem in await catalog.endLeftovers(clusterID: clusterID) { RoleExit.report(problem) }
    let cleaning = catalog.clean(force: force, clusterID: clusterID)
    if json {
      JSONOutput.print(["removed": .array(cleaning.removed.map { .string($0) })])
    } else {
      for path in cleaning.removed { print("removed \(path)") }
    }
    for reason in cleaning.kept { RoleExit.report(reason) }
  }
}
