import Foundation

/// Help for the roles whose options follow traitlets' syntax.
public enum RoleHelp {
  /// Whether the arguments request help.
  public static func isWanted(_ arguments: [String]) -> Bool {
    arguments.prefix { $0 != "--" }.contains { ["-h", "--help", "--help-all"].contains($0) }
  }

  /// The options of the controller.
  public static var controller: String {
    text("martlet controller [options]", "Runs a controller, as ipcontroller does, until Ctrl-C.", .controller)
  }

  /// The options of an engine.
  public static var engine: String {
    text("martlet engine [options]", "Runs an engine, as ipengine does, until Ctrl-C.", .engine)
  }

  /// The options of `ipcluster`.
  public static var cluster: String {
    text("ipcluster start|stop|engines|list|clean [options]", "Starts and stops clusters.", .cluster)
  }

  private static func text(_ usage: String, _ purpose: String, _ kind: RoleKind) -> String {
    let syntax = listed(of: kind)
    let options = syntax.aliases.map { name, trait in (name, "\(dashed(name))=VALUE", trait) }
    let flags = syntax.flags.map { name, settings in
      (name, dashed(name), settings.map { "\($0)=\($1)" }.sorted().joined(separator: " "))
    }
    let lines = (options + flags).sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { _, option, meaning in
      "  \(option.padding(toLength: 24, withPad: " ", startingAt: 0)) \(meaning)"
    }
    return """
      \(purpose)

      Usage: \(usage)

      \(lines.joined(separator: "\n"))

      Any other option of ipyparallel as --Class.trait=VALUE, or in the profile's configuration files.
      """
  }

  /// The options that do something: those that are ignored or always refused are not among them.
  static func listed(of kind: RoleKind) -> CommandLineSyntax {
    let ignored = Set(kind.ignored.flatMap(\.paths))
    var syntax = kind.syntax
    syntax.aliases = syntax.aliases.filter { !ignored.contains($0.value) }
    syntax.flags = syntax.flags.filter { !refused.contains($0.key) && !ignored.isSuperset(of: $0.value.keys) }
    return syntax
  }

  /// Flags that are understood only to say why they can't be had.
  private static let refused: Set<String> = ["mongodb"]

  private static func dashed(_ name: String) -> String { name.count == 1 ? "-\(name)" : "--\(name)" }
}
