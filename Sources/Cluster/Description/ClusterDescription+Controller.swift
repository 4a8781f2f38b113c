import Yams

extension ClusterDescription {
  /// How a cluster file describes the controller: as a list of its options, or as a mapping.
  ///
  /// ```yaml
  /// controller:
  ///   launcher: ssh
  ///   host: login1
  ///   arguments: [--hwm=0]
  /// ```
  struct Controller: Sendable, Hashable {
    /// Its options.
    private(set) var arguments: [String] = []
    /// What starts it; `nil` if the file doesn't say.
    private(set) var launcher: LauncherOptions?
    /// The program that runs as the controller; `nil` for the usual one.
    private(set) var program: String?

    /// Reads the value of `controller`.
    ///
    /// - Throws: ``OptionError`` that names the file, the line and the key.
    init(_ entry: YAMLFile.Entry, in file: YAMLFile) throws(OptionError) {
      guard case .mapping = entry.value else {
        arguments = try Self.arguments(entry, in: file)
        return
      }
      var entries = try file.entries(of: entry.value, in: "'controller'")
      func take(_ key: String) -> YAMLFile.Entry? {
        entries.firstIndex { $0.key == key }.map { entries.remove(at: $0) }
      }
      let name = take("launcher")
      program = try take("program").map { entry throws(OptionError) in try file.text(entry) }
      arguments = try take("arguments").map { entry throws(OptionError) in try Self.arguments(entry, in: file) } ?? []
      if name != nil || !entries.isEmpty {
        launcher = try LauncherOptions(.controller, name, entries, line: entry.line, in: file)
      }
    }

    private static func arguments(_ entry: YAMLFile.Entry, in file: YAMLFile) throws(OptionError) -> [String] {
      let arguments = try file.texts(entry)
      let parsed = try CommandLineSyntax.controller.parse(arguments)
      if let unknown = (parsed.unknown + parsed.positional).first {
        throw file.error(entry, "has no option '\(unknown)', martlet controller --help lists them")
      }
      return arguments
    }
  }
}
