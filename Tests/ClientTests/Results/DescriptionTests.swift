import MartletWire
import Testing

@testable import MartletClient

/// How results look when they are printed.
@Suite struct DescriptionTests {
  private func output(_ events: [TaskOutput.Event]) -> TaskOutput {
    var output = TaskOutput()
    for event in events { output.add(event) }
    return output
  }

  private func reply(_ events: [TaskOutput.Event]) -> String {
    "\(ExecuteReply(executionCount: 3, output: output(events)))"
  }

  private let value = DisplayData(data: ["text/plain": "12"])

  @Test func executedCodeShowsItsValueOrWhatItPrinted() {
    #expect(reply([]) == "<ExecuteReply[3]>" && "\(ExecuteReply(executionCount: nil))" == "<ExecuteReply>")
    #expect(reply([.text(.stdout, "a\n"), .executeResult(value)]) == "<ExecuteReply[3]: 12>")
    #expect(reply([.text(.stdout, "a\n")]) == "<ExecuteReply[3]: a>")
    #expect(reply([.text(.stderr, "a\nb\n")]) == "<ExecuteReply[3]: a…>")
    #expect(reply([.text(.stdout, "a"), .displayed(value)]) == "<ExecuteReply[3]: 12>")
    #expect("\([ExecuteReply(executionCount: 1)])" == "[<ExecuteReply[1]>]")
  }

  @Test func outputIsAllOfIt() {
    #expect("\(TaskOutput())" == "")
    #expect(
      "\(output([.text(.stderr, "no"), .text(.stdout, "a\nb\n"), .displayed(value), .executeResult(value)]))"
        == "a\nb\nno\n12\n12")
  }

  @Test func smallThingsHaveWords() {
    #expect("\(TaskProgress(done: 3, total: 8))" == "3 of 8 tasks")
    #expect("\(OutputLine(text: "line", source: .stdout, index: 0))" == "line")
    #expect("\(RegisteredEngine(id: 2, uuid: "u"))" == "engine 2 (u)")
  }
}
