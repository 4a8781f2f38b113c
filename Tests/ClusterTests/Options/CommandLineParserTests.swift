import Testing

@testable import MartletCluster

@Suite struct CommandLineParserTests {
  @Test(arguments: [
    (["--ip=*"], "IPController.ip", "*"), (["--ip", "*"], "IPController.ip", "*"),
    (["--IPController.ip=*"], "IPController.ip", "*"), (["--IPController.ip", "*"], "IPController.ip", "*"),
    (["--reuse"], "IPController.reuse_files", "True"), (["--reuse=False"], "IPController.reuse_files", "False"),
    (["--debug"], "Application.log_level", "10"), (["--ports", "1-3"], "IPController.ports", "1-3"),
    (["--hwm", "-1"], "TaskScheduler.hwm", "-1"), (["--location="], "IPController.location", ""),
    (["--nodb"], "IPController.db_class", "NoDB"), (["--Hub.strict"], "Hub.strict", "True"),
    (["--IPController.x=a=b"], "IPController.x", "a=b"),
  ])
  func takesOptions(arguments: [String], path: String, value: String) throws {
    var expected = ConfigLayer(origin: "the command line")
    expected.set(path, .text(value))
    let parsed = try CommandLineSyntax.controller.parse(arguments)
    #expect(parsed.layer == expected)
    #expect(parsed.unknown.isEmpty && parsed.positional.isEmpty)
  }

  @Test(arguments: [["-n", "4"], ["-n4"], ["-n=4"], ["--n=4"], ["--n", "4"]])
  func takesShortOptions(arguments: [String]) throws {
    let (options, _) = try ClusterOptions.read(arguments, environment: [:])
    #expect(options.engines == 4)
  }

  @Test func notesUnknownOptionsAndGoesOn() throws {
    let parsed = try CommandLineSyntax.controller.parse(["--foo=1", "--bar", "--hwm=3", "word"])
    #expect(parsed.unknown == ["--foo=1", "--bar"])
    #expect(parsed.positional == ["word"])
    #expect(parsed.layer.values["TaskScheduler"]?["hwm"] == .text("3"))
  }

  @Test func passesOnWhatFollowsTwoDashes() throws {
    let parsed = try CommandLineSyntax.cluster.parse(["-n", "2", "--", "--sqlitedb", "--ip=*"])
    #expect(parsed.passedThrough == ["--sqlitedb", "--ip=*"])
  }

  @Test(arguments: [["--ip"], ["--ip", "--reuse"], ["--ip", "--"]])
  func missesValues(arguments: [String]) {
    #expect(throws: OptionError("--ip needs a value: --ip=VALUE")) {
      try CommandLineSyntax.controller.parse(arguments)
    }
  }

  @Test func lastOneCounts() throws {
    let (options, _) = try ControllerOptions.read(["--hwm=1", "--hwm=2"], environment: [:])
    #expect(options.scheduler.highWaterMark == 2)
  }
}
