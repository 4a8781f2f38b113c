import ArgumentParser
import MartletCluster

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

  func run() async throws {
    let (selection, force) = (selection, force)
    try await perform {
      await CleanAction(profiles: try selection.profiles(), clusterID: selection.clusterId, force: force).run()
    }
  }
}

/// Removes what clusters left behind.
struct CleanAction {
  let profiles: [ProfileDirectory]
  /// `nil` cleans up after all clusters.
  var clusterID: String?
  let force: Bool

  func run() async {
    let catalog = ClusterCatalog(profiles: profiles)
    for problem in await catalog.cancelJobs(clusterID: clusterID) { RoleExit.report(problem) }
    let cleaning = catalog.clean(force: force, clusterID: clusterID)
    for path in cleaning.removed { print("removed \(path)") }
    for reason in cleaning.kept { RoleExit.report(reason) }
  }
}
