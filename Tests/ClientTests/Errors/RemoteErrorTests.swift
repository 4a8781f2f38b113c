import Testing

@testable import MartletClient

@Suite struct RemoteErrorTests {
  @Test func tracebackLosesItsColours() {
    let error = RemoteError(
      ename: "ZeroDivisionError", evalue: "division by zero",
      traceback: "\u{1B}[0;31mZeroDivisionError\u{1B}[0m: \u{1B}[38;5;28mdivision\u{1B}[39m by zéro\nline")
    #expect(error.plainTraceback == "ZeroDivisionError: division by zéro\nline")
  }

  @Test(arguments: [
    ("", ""), ("plain", "plain"), ("\u{1B}[31", ""), ("a\u{1B}", "a\u{1B}"), ("\u{1B}[", ""), ("\u{1B}[2Kx", "x"),
    ("\u{1B}]0;t\u{7}x", "\u{1B}]0;t\u{7}x"),
  ])
  func removesOnlyCompleteSequences(text: String, plain: String) {
    #expect(TerminalColors.removed(from: text) == plain)
  }

  private func description(_ ename: String, _ evalue: String, _ method: String) -> String {
    RemoteError(ename: ename, evalue: evalue, engineID: 1, method: method).description
  }

  @Test(arguments: ["missing", "map(missing)"])
  func saysThatAFunctionIsNotListed(method: String) {
    #expect(
      description("NameError", "name 'missing' is not defined", method)
        == "engine 1: \(method): NameError: name 'missing' is not defined; the program of engine 1 doesn't list it in its "
        + "functions, and Python has no such function there")
    // Another name that the function uses.
    #expect(description("NameError", "name 'x' is not defined", method).hasSuffix("is not defined"))
    #expect(description("NameError", "name 'missing' is not defined in Swift: x", method).hasSuffix("in Swift: x"))
  }

  @Test func saysHowToImportAModule() {
    #expect(
      description("NameError", "name 'math' is not defined", "math.sqrt")
        == "engine 1: math.sqrt: NameError: name 'math' is not defined; if it is a module, import it there first: "
        + "try await view.execute(\"import math\")")
    #expect(description("NameError", "name 'a' is not defined", "pull(a)").hasSuffix("is not defined"))
    #expect(description("NameError", "math.x", "math.x").hasSuffix(": math.x"))
    #expect(description("ValueError", "name 'math' is", "math.sqrt").hasSuffix("name 'math' is"))
  }
}
