import Testing

@testable import MartletClient

@Suite struct CompositeErrorTests {
  @Test func listsTheFirstFailuresWithTheirEngines() {
    let failures = (0..<6).map { index in
      CompositeError.Failure(
        index: index, engineID: index, error: EngineError(engineID: index, engineUUID: nil, msgID: "m\(index)"))
    }
    let error = CompositeError(method: "map(f)", total: 8, failures: failures)
    let lines = error.description.split(separator: "\n")
    #expect(lines.first == "6 of 8 tasks of map(f) failed")
    #expect(lines.dropFirst().first == "  engine 0 died while running task m0")
    #expect(lines.last == "  and 2 more")
  }
}
