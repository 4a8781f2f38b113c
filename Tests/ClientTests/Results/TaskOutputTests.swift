import Testing

@testable import MartletClient

@Suite struct TaskOutputTests {
  @Test func overwritesLinesAtCarriageReturns() {
    var output = TaskOutput()
    output.add(.text(.stdout, "a\n10%"))
    output.add(.text(.stdout, "\r20%"))
    output.add(.text(.stdout, "\r30%\nend\r\n"))
    #expect(output.stdout == "a\n30%\nend\n")
    #expect(output.stderr.isEmpty)
  }
}
