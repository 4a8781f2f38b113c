import Testing

@testable import MartletCluster

@Suite struct GroupTableTests {
  @Test func groupsHaveNamesOfTheirOwnOrTheirLaunchers() throws {
    var table = GroupTable()
    var named = EngineGroup.slurm(8)
    named.name = "gpu"
    #expect(table.add(.local(4)) == "local")
    #expect(table.add(named) == "gpu")
    #expect(table.add(.local(1)) == "local-2")
    #expect(table.add(.local(1)) == "local-3")
    #expect(table.names == ["local", "gpu", "local-2", "local-3"])
    #expect(table.wanted == 14)
    #expect(table["gpu"]?.template.launcher.name == "slurm")
    table["local"]?.sets.append("1")
    table["gpu"]?.sets.append("2")
    #expect(table.name(ofSet: "2") == "gpu")
    #expect(table.name(ofSet: "3") == nil)
  }

  @Test func theOnlyGroupNeedsNoName() throws {
    var table = GroupTable()
    #expect(throws: ClusterError.self) { try table.resolve(nil) }
    _ = table.add(.local(4))
    #expect(try table.resolve(nil) == "local")
    #expect(try table.resolve("local") == "local")
    #expect(throws: ClusterError.self) { try table.resolve("gpu") }
    _ = table.add(.mpi(2))
    let error = #expect(throws: ClusterError.self) { try table.resolve(nil) }
    #expect(error?.description.contains("local, mpi") == true)
  }
}

@Suite struct DeparturesTests {
  private typealias Candidate = Departures.Candidate

  /// Engines of one place: their loads, `nil` for those that have not registered.
  private func place(_ set: String, _ number: Int, _ loads: Int?...) -> [Departures.Candidate] {
    loads.enumerated().map { rank, load in
      Candidate(
        uuid: "\(set).\(number).\(rank)", place: .init(set: set, number: number), isRegistered: load != nil,
        load: load ?? 0)
    }
  }

  private func choose(
    _ count: Int, _ candidates: [[Departures.Candidate]], together: Bool = false
  ) -> (places: [Int], engines: [String]) {
    let all = Departures(count, among: candidates.flatMap(\.self), endsTogether: together)
    return (all.places.map(\.number), all.engines)
  }

  @Test func whatHasNotRegisteredGoesFirstThenWhatIsIdleThenTheLatest() {
    let all = [place("1", 0, 0), place("1", 1, nil), place("1", 2, 3), place("1", 3, 0), place("1", 4, 1)]
    #expect(choose(1, all) == ([1], []))
    #expect(choose(2, all) == ([1], ["1.3.0"]))
    #expect(choose(4, all) == ([1], ["1.3.0", "1.0.0", "1.4.0"]))
    #expect(choose(9, all) == ([1], ["1.3.0", "1.0.0", "1.4.0", "1.2.0"]))
    #expect(choose(0, all) == ([], []))
  }

  @Test func jobsEndAsAWholeIfTheyCan() {
    let all = [place("1", 0, 0, 0, 0, 0), place("2", 0, 0, 0), place("3", 0, 1, 0, 1)]
    #expect(choose(2, all) == ([], ["2.0.0", "2.0.1"]))
    #expect(choose(6, all) == ([], ["2.0.0", "2.0.1", "1.0.0", "1.0.1", "1.0.2", "1.0.3"]))
    // One of a job's, because no job is as small.
    #expect(choose(1, all) == ([], ["3.0.1"]))
    let waiting = [place("1", 0, nil, nil), place("2", 0, nil, nil, nil)]
    #expect(choose(2, waiting).engines == [])
    #expect(Departures(2, among: waiting.flatMap(\.self), endsTogether: false).places == [.init(set: "1", number: 0)])
    #expect(choose(1, waiting) == ([], []))
  }

  @Test func whatOnlyEndsTogetherDoes() {
    let all = [place("1", 0, 0, 0), place("2", 0, 1, 0)]
    #expect(choose(1, all, together: true) == ([], []))
    #expect(choose(3, all, together: true) == ([], ["1.0.0", "1.0.1"]))
    #expect(choose(4, all, together: true) == ([], ["1.0.0", "1.0.1", "2.0.0", "2.0.1"]))
  }

  @Test func countsWhatIsMissingFromTheStart() {
    var table = GroupTable()
    let (near, far) = (table.add(.local(2)), table.add(.slurm(8)))
    #expect(table.missing == 0 && table.wanted == 10)
    table[far]?.problem = "no such partition"
    #expect(table.missing == 8)
    table[near]?.problem = "no"
    #expect(table.missing == 10)
  }
}
