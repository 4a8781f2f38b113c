import ArgumentParser
import MartletCluster
import MartletWire

struct Scale: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Change the number of engines of a running cluster.",
    discussion: """
      martlet scale 32, or a change: martlet scale +4 and martlet scale -4. A cluster with several groups of engines, which \
      martlet status lists, needs --group. Idle engines leave first; busy ones finish what they run, and what waits there \
      runs elsewhere. With --max instead of a number, the group grows and shrinks by itself: --min 0 --max 200.
      """)

  @OptionGroup var selection: ClusterSelection

  @Option(help: "The group of engines, by name.")
  var group: String?

  @OptionGroup var bounds: EngineBounds

  @Flag(help: "With --max: engines leave, too, that hold pushed values or other things that clients have left.")
  var endUsed = false

  @OptionGroup var output: JSONOutput

  // A number with a minus sign looks like an option.
  @Argument(parsing: .allUnrecognized, help: "How many engines: 32, or +4 or -4 for a change.")
  var number: [String] = []

  func run() async throws {
    let (selection, json) = (selection, output.json)
    let request = Result { try self.request }
    try await perform {
      let request = try request.get()
      let application = try selection.options().application
      let cluster = try ClusterCatalog.running(application.clusterID, in: application.profile)
      let groups = try await cluster.ask(request)
      if json { return JSONOutput.print(["groups": .array(groups.map(\.json))]) }
      for group in groups {
        let leaving = group.leaving > 0 ? ", \(group.leaving) about to leave" : ""
        print("\(group.name): \(group.wanted.counted("engine")) wanted, \(group.started) started\(leaving)")
      }
    }
  }

  private var request: ControlRequest {
    get throws {
      if number.isEmpty {
        if var scaling = try EngineScaling(
          minimum: bounds.min, maximum: bounds.max, idleTime: .seconds(bounds.idle ?? 60))
        {
          scaling.endsUsedEngines = endUsed
          return .autoscale(scaling, group: group)
        }
        throw OptionError("how many engines? A number such as 32, +4 or -4, or --max")
      }
      guard number.count == 1, bounds.arguments.isEmpty else {
        throw OptionError("one number of engines or --max is needed, not '\(number.joined(separator: " "))'")
      }
      return .scale(try ControlRequest.Size(number[0]), group: group)
    }
  }
}
