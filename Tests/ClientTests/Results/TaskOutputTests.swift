import Testing

@testable import MartletClient

@Suite struct TaskOutputTests {
  @Test func overwritesLinesAtCarriageReturns() {
    var output = TaskOutput()
    output.add(.text(.stdout, "a\n10%"))
    output.add(.text(.stdout, "\r20%"))
    output.add(.text(.stdout, "\r30%\nend\r\n"))
    #expect(output.stdout == "a\n30%\nend\n")
  }

  @Test func splitsLines() {
    var splitter = LineSplitter()
    #expect(splitter.add("a").isEmpty)
    #expect(splitter.add("b\n\nc") == ["ab", ""])
    #expect(splitter.finish() == "c")
    #expect(splitter.finish() == nil)
  }
}
