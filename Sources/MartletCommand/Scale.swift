import ArgumentParser
import MartletCluster
import MartletWire

struct Scale: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Change the number of engines of a running cluster.",
    discussion: """
      martlet scale 32, or a change: martlet scale +4 and martlet scale -4. A cluster with several groups of engines, which \
      martlet status lists, needs --group. Idle engines leave first; busy ones finish what they run, and what waits there \
      runs elsewhere.
      """)

  @OptionGroup var selection: ClusterSelection

  @Option(help: "The group of engines, by name.")
  var group: String?

  @OptionGroup var output: JSONOutput

  // A number with a minus sign looks like an option.
  @Argument(parsing: .allUnrecognized, help: "How many engines: 32, or +4 or -4 for a change.")
  var number: [String]

  func run() async throws {
    let (selection, group, json, numbers) = (selection, group, output.json, number)
    try await perform {
      guard numbers.count == 1 else {
        throw OptionError("one number of engines is needed, not '\(numbers.joined(separator: " "))'")
      }
      let size = try ControlRequest.Size(numbers[0])
      let application = try selection.options().application
      let cluster = try ClusterCatalog.running(application.clusterID, in: application.profile)
      let groups = try await cluster.ask(.scale(size, group: group))
      if json { return JSONOutput.print(["groups": .array(groups.map(\.json))]) }
      for group in groups {
        let leaving = group.leaving > 0 ? ", \(group.leaving) about to leave" : ""
        print("\(group.name): \(group.wanted.counted("engine")) wanted, \(group.started) started\(leaving)")
      }
    }
  }
}
