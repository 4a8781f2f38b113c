import MartletWire
import Testing

@testable import MartletCluster

/// What `--help` lists does something, and what does nothing says so.
@Suite struct ListedOptionsTests {
  static let kinds: [RoleKind] = [.controller, .engine, .cluster]

  /// Options that are not among those with a default, because they are read before the others.
  private static let readEarly: Set = [
    "profile", "ipython_dir", "extra_config_file", "show_config", "show_config_json", "generate_config", "overwrite",
  ]

  /// Reads a command line, and returns the options that were read and the warnings.
  private static func read(
    _ kind: RoleKind, _ arguments: String...
  ) throws -> (report: ConfigReport?, warnings: [String]) {
    switch kind {
    case .controller:
      let (options, warnings) = try ControllerOptions.read(arguments, environment: [:])
      return (options.application.configReport, warnings)
    case .engine:
      let (options, warnings) = try EngineOptions.read(arguments, environment: [:])
      return (options.application.configReport, warnings)
    case .cluster:
      let (options, warnings) = try ClusterOptions.read(arguments, environment: [:])
      return (options.application.configReport, warnings)
    }
  }

  private static func trait(_ path: String) -> String { path.split(separator: ".").last.map(String.init) ?? path }

  @Test(arguments: kinds) func everyListedOptionIsRead(kind: RoleKind) throws {
    guard case .generate(_, let text, _)? = try Self.read(kind, "--generate-config").report else {
      Issue.record("no configuration file")
      return
    }
    let settings = text.split(separator: "\n").filter { $0.hasPrefix("# c.") }
      .compactMap { $0.dropFirst(4).split(separator: " ").first.map { Self.trait(String($0)) } }
    let read = Self.readEarly.union(settings)
    let listed = RoleHelp.listed(of: kind)
    let aliases = listed.aliases.filter { !read.contains(Self.trait($0.value)) && $0.value != "ProfileDir.location" }
    let flags = listed.flags.filter { !$0.value.keys.allSatisfy { read.contains(Self.trait($0)) } }
    #expect(aliases == [:] && flags == [:])
    #expect(listed.aliases.count > 10 && listed.flags.count > 5)
  }

  @Test(arguments: kinds) func everyListedFlagIsTaken(kind: RoleKind) throws {
    for flag in RoleHelp.listed(of: kind).flags.keys {
      #expect(try Self.read(kind, "--\(flag)").warnings == [], "--\(flag)")
    }
  }

  @Test(arguments: kinds) func whatIsIgnoredSaysWhy(kind: RoleKind) throws {
    let listed = RoleHelp.listed(of: kind)
    for option in kind.ignored {
      let path = try #require(option.paths.first)
      let expected = option.reason.map { ["\(path) in the command line has no effect: \($0)"] } ?? []
      #expect(try Self.read(kind, "--\(path)=1").warnings == expected)
      #expect(!listed.aliases.values.contains { option.paths.contains($0) })
    }
  }

  @Test func helpListsNoneOfThem() {
    let help = [RoleHelp.controller, RoleHelp.engine, RoleHelp.cluster]
    for name in ["usethreads", "ident", "init", "url", "log-url", "mongodb", "delay", "mpi"] {
      #expect(!help.contains { $0.contains(" --\(name) ") || $0.contains(" --\(name)=") }, "\(name)")
    }
    #expect(RoleHelp.controller.contains(" --user=VALUE") && !RoleHelp.engine.contains(" --user=VALUE"))
    #expect(RoleHelp.cluster.contains(" --signal=VALUE"))
  }

  @Test func mongoDBIsRefused() {
    let error = #expect(throws: OptionError.self) { try ControllerOptions.read(["--mongodb"], environment: [:]) }
    #expect(
      error?.description
        == "IPController.db_class should be DictDB, SQLiteDB or NoDB, not MongoDB; a journal or SQLiteDB "
        + "keeps tasks on disk")
  }

  @Test func stopHasASignal() throws {
    #expect(try ClusterOptions.read([], environment: [:]).options.stopSignal == 15)
    #expect(try ClusterOptions.read(["--signal=2"], environment: [:]).options.stopSignal == 2)
    for wrong in ["0", "65", "INT"] {
      #expect(throws: OptionError.self) { try ClusterOptions.read(["--signal=\(wrong)"], environment: [:]) }
    }
  }
}
