import Foundation
import Testing

/// Runs of a whole cluster in virtual time, each from a seed of its own.
///
/// By default they are the same each time, so that a change is to blame for a failure. With `SIMULATION_RUNS` there are as
/// many runs from a random seed; `SIMULATION_SEED` repeats the run of a failure. A run that traps leaves its seed in a file
/// `martlet-simulation-seed-…` in the temporary folder, one for each processor.
@Suite(.serialized) struct SimulationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let runs = environment["SIMULATION_RUNS"].flatMap { Int($0) }
  private static let seed = environment["SIMULATION_SEED"].flatMap { UInt64($0) }

  @Test func everyTaskEndsOnceAndTruly() async throws {
    let first = Self.seed ?? (Self.runs == nil ? 0 : UInt64.random(in: 0..<1 << 40))
    let count = Self.seed == nil ? Self.runs ?? 10_000 : 1
    print("simulation: \(count) runs from the seed \(first)")
    let last = first + UInt64(count)
    let processors = ProcessInfo.processInfo.activeProcessorCount
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<processors {
        group.addTask { try Self.run(stride(from: first + UInt64(number), to: last, by: processors), number) }
      }
      try await group.waitForAll()
    }
  }

  /// Runs the seeds of one processor, until a few have failed.
  private static func run(_ seeds: StrideTo<UInt64>, _ processor: Int) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("martlet-simulation-seed-\(processor)")
    try Data().write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let note = try FileHandle(forWritingTo: path)
    var failed = 0
    for seed in seeds where failed < 3 {
      // Not a file of its own for each: that would wait for the disk. Later numbers are as long or longer.
      try note.seek(toOffset: 0)
      try note.write(contentsOf: Data("\(seed)\n".utf8))
      let failures = try Simulation(seed: seed).run()
      guard !failures.isEmpty || Self.seed != nil else { continue }
      failed += failures.isEmpty ? 0 : 1
      let retold = try Simulation(seed: seed, isTracing: true)
      _ = retold.run()
      let text = "\(failures)\n\(retold.story.suffix(400).joined(separator: "\n"))"
      if failures.isEmpty { print(text) } else { Issue.record("SIMULATION_SEED=\(seed): \(text)") }
    }
  }

  @Test func aSeedGivesTheSameRun() throws {
    for seed in UInt64(0)..<20 {
      let stories = try (0..<2).map { _ in
        let simulation = try Simulation(seed: seed, isTracing: true)
        _ = simulation.run()
        return simulation.story
      }
      #expect(stories[0] == stories[1])
      #expect(stories[0].count > 10)
    }
  }

  @Test(arguments: Simulation.Sabotage.allCases)
  func aBrokenRuleIsNoticed(_ sabotage: Simulation.Sabotage) throws {
    let seed = try (0..<UInt64(10_000)).first { seed in
      try !Simulation(seed: seed, sabotage: sabotage).run().isEmpty
    }
    #expect(seed != nil)
    print("simulation: \(sabotage) is noticed with the seed \(seed ?? 0)")
  }
}
