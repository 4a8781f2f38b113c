import Foundation
import MartletWire
import Testing

@testable import MartletCluster

@Suite struct ConfigReportTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func report(_ arguments: String..., environment: [String: String] = [:]) throws -> ConfigReport? {
    let environment = folder.environment.merging(environment) { $1 }
    return try ControllerOptions.read(arguments, environment: environment).options.application.configReport
  }

  @Test func thereIsNoneUnlessOneIsRequested() throws { #expect(try report("--hwm=1") == nil) }

  @Test func showsWhatIsSetInTraitletsFormat() throws {
    let profile = try folder.profile()
    let path = try folder.write(
      "c.TaskScheduler.hwm = 2\nc.IPController.ip = '*'\n", to: "profile_default/ipcontroller_config.py")
    #expect(profile.path + "/ipcontroller_config.py" == path)
    let shown = try report("--show-config", "--hwm=3", "--location=it's", environment: ["IPP_CLUSTER_ID": "x"])
    #expect(
      shown
        == .show(
          """
          Loaded config files:
            \(path)

          Application
            .cluster_id = 'x'
          IPController
            .ip = '*'
            .location = 'it\\'s'
          TaskScheduler
            .hwm = 3

          """))
    #expect(
      try report("--show-config-json", "--hwm=3")
        == .show(#"{"IPController":{"ip":"*"},"TaskScheduler":{"hwm":3}}"# + "\n"))
  }

  /// The file lists each option as a comment. Uncommenting all of them doesn't change the options that are read.
  @Test func generatesAFileOfDefaults() throws {
    guard case .generate(let path, let text, false) = try report("--generate-config") else {
      Issue.record("no file to generate")
      return
    }
    #expect(path == "\(folder.path)/profile_default/ipcontroller_config.py")
    for line in [
      "# c.IPController.ip = None", "# c.TaskScheduler.scheme_name = 'leastload'", "# c.HeartMonitor.period = 3000",
    ] {
      #expect(text.contains("\(line)\n"))
    }
    let before = try ControllerOptions.read([], environment: folder.environment)
    try folder.profile()
    try folder.write(text.replacing("# c.", with: "c."), to: "profile_default/ipcontroller_config.py")
    let after = try ControllerOptions.read([], environment: folder.environment)
    #expect(after.options == before.options && after.warnings == [])
  }

  @Test func overwritesOnlyOnRequest() throws {
    let report = try #require(try report("--generate-config"))
    try report.perform()
    #expect(throws: OptionError.self) { try report.perform() }
    try #require(try self.report("--generate-config", "--overwrite")).perform()
  }

  @Test(arguments: [[], ["--generate-config"]]) func otherRolesHaveThemToo(arguments: [String]) throws {
    let engine = try EngineOptions.read(arguments, environment: folder.environment).options.application
    let cluster = try ClusterOptions.read(arguments, environment: folder.environment).options.application
    #expect((engine.configReport == nil) == arguments.isEmpty && (cluster.configReport == nil) == arguments.isEmpty)
  }

  @Test(
    arguments: [
      (nil, "None"), (true, "True"), ([1, 2.5], "[1, 2.5]"), ("a'\\\n\u{1}", #"'a\'\\\n\x01'"#),
      (["k": ["v"]], "{'k': ['v']}"),
    ] as [(JSONValue, String)])
  func writesPythonLiterals(value: JSONValue, literal: String) throws {
    #expect(value.pythonLiteral == literal)
    #expect(try PythonLiteralParser.parse(literal) == value)
  }
}
