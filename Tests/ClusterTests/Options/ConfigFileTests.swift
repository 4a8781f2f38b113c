import Foundation
import MartletWire
import Testing

@testable import MartletCluster

@Suite struct ConfigFileTests {
  private func read(_ text: String) -> (values: [String: [String: OptionValue]], problems: [String]) {
    var reader = PythonConfigReader(text: text, path: "f.py")
    reader.read()
    return (reader.layer.values, reader.problems.map(\.description))
  }

  @Test func readsAssignments() {
    let (values, problems) = read(
      """
      # Configuration file for ipcontroller.
      import os
      from traitlets.config import Config

      c = get_config()  # noqa

      c.IPController.ip = '*'
      c.IPController.ports = [
          10101,  # first
          10102,
      ]
      c.TaskScheduler.hwm=0\r
      c.Session.key = b'secret' # the end
      """)
    #expect(problems == [])
    #expect(
      values == [
        "IPController": ["ip": .literal("*"), "ports": .literal([10101, 10102])],
        "TaskScheduler": ["hwm": .literal(0)], "Session": ["key": .literal("secret")],
      ])
  }

  @Test func reportsWithLineAndNeverExecutes() {
    let (values, problems) = read(
      """
      c.IPController.ip = socket.gethostname()
      c.IPController.ports = list(
        range(3))
      if False:
          c.IPController.ip = '0.0.0.0'
      c.TaskScheduler.hwm = 1 + 1
      c.TaskScheduler.hwm += 3
      c.TaskScheduler.hwm == 3
      c.A.b.append('x')
      exec("c.IPController.ip = '1'")
      '''
      c.IPController.ip = 'in a string'
      '''
      d.IPController.ip = 'x'
      c.IPController.location = 'here'
      """)
    #expect(values == ["IPController": ["location": .literal("here")]])
    #expect(
      problems.map { $0.prefix { $0 != "," } } == [1, 2, 4, 6, 7, 8, 9, 10, 11, 14].map { "f.py:\($0): ignored" })
  }

  @Test(arguments: ["[[[", "'''", ")", "c.", "c.A.b = (", "\\", "c.A.b = '\\", "\u{0}\u{1F600}", "c.A.b =", "c = 3"])
  func survivesRubbish(text: String) {
    let (values, problems) = read(text)
    #expect(values.isEmpty)
    #expect(problems.count == 1)
  }

  @Test func limitsWhatItReports() {
    #expect(read(String(repeating: "x()\n", count: 1000)).problems.count == 20)
  }

  @Test func readsJSON() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(#"{"IPController": {"ip": "*"}, "version": 1, "Hub": 3}"#, to: "a.json")
    var problems: [ConfigProblem] = []
    #expect(ConfigFile.read(path, problems: &problems)?.values == ["IPController": ["ip": .literal("*")]])
    #expect(problems.map(\.description) == ["\(path): 'Hub' must be an object of options, ignored"])
  }

  @Test(arguments: ["[1]", "{", ""])
  func reportsBrokenJSON(text: String) throws {
    let folder = try TemporaryFolder()
    var problems: [ConfigProblem] = []
    #expect(ConfigFile.read(try folder.write(text, to: "a.json"), problems: &problems) == nil)
    #expect(problems.count == 1)
  }
}
