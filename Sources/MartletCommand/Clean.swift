import ArgumentParser
import MartletCluster

/// `martlet clean`.
struct Clean: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove what clusters left that did not end properly.",
    discussion: "Looks in all profiles unless one is named.")

  @OptionGroup var selection: ClusterSelection

  @Flag(help: "Remove the files of running clusters too, which can then no longer be found.")
  var force = false

  func run() async throws {
    let (selection, force) = (selection, force)
    try await perform {
      for path in ClusterCatalog(profiles: try selection.profiles()).clean(force: force) { print("removed \(path)") }
    }
  }
}
