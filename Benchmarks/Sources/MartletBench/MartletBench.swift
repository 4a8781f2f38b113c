import ArgumentParser

/// Measures a running cluster, or serves as one of its engines.
@main
struct MartletBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martlet-bench", abstract: "Measures a running cluster.",
    subcommands: [Measure.self, ServeEngine.self], defaultSubcommand: Measure.self)
}
