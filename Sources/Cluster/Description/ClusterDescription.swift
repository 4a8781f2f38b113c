import Foundation
import MartletWire
import Yams

/// A cluster as a YAML file describes it, `martlet start cluster.yaml`: the options of the command by their names, and
/// `engines`, a list of groups.
///
/// ```yaml
/// ip: "*"
/// engines:
///   - launcher: ssh
///     hosts: {node1: 2, node2: 4}
///   - launcher: slurm
///     count: 8
///     queue: short
///     resources: {gpu: 2, memory: 16GB}
/// ```
struct ClusterDescription: Sendable, Hashable {
  /// The options beside `engines`, as they would stand on the command line.
  private(set) var arguments: [String] = []
  /// The controller; `nil` if the file has no `controller`.
  private(set) var controller: Controller?
  /// The groups; empty if the file has no `engines`.
  private(set) var engines: [EngineGroup] = []

  /// Larger files are refused.
  private static let sizeLimit = 1 << 20

  /// Reads a file.
  ///
  /// - Throws: ``OptionError`` that names the file, the line and the key.
  static func read(_ path: String) throws(OptionError) -> ClusterDescription {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw OptionError("the cluster file '\(path)' can't be read: is it there?")
    }
    guard data.count <= sizeLimit else { throw OptionError("\(path): larger than \(sizeLimit) bytes") }
    return try ClusterDescription(String(decoding: data, as: UTF8.self), path: path)
  }

  /// Reads the content of a file.
  ///
  /// - Parameter path: the file's, for errors.
  /// - Throws: ``OptionError`` that names the file, the line and the key.
  init(_ text: String, path: String) throws(OptionError) {
    let file = YAMLFile(path: path)
    for entry in try file.entries(of: try file.parse(text), in: "a cluster file") {
      switch entry.key {
      case "engines":
        guard case .sequence(let groups) = entry.value else {
          throw file.error(entry, "should be a list of groups, each with a '- ' in front")
        }
        for group in groups { engines.append(try Self.group(group, in: file)) }
      case "controller":
        controller = try Controller(entry, in: file)
      default: try addOption(entry, in: file)
      }
    }
  }

  /// An option of the command, under its name there.
  private mutating func addOption(_ entry: YAMLFile.Entry, in file: YAMLFile) throws(OptionError) {
    let syntax = CommandLineSyntax.cluster
    if entry.key == "restart-engines" {
      guard let isOn = OptionType<Bool>.restarts.parse(.literal(try file.value(entry))) else {
        throw file.error(entry, "should be on-failure or never, or true or false")
      }
      arguments.append("--restart-engines=\(isOn ? "on-failure" : "never")")
      return
    }
    // Engines are described by their groups.
    let others = ["n", "min", "max", "idle", "o", "delay", "signal", "config"]
    if syntax.aliases[entry.key] != nil, !others.contains(entry.key) {
      arguments.append("--\(entry.key)=\(try file.text(entry))")
    } else if syntax.flags[entry.key] != nil, !["force", "all", "dry-run"].contains(entry.key) {
      if try file.bool(entry) { arguments.append("--\(entry.key)") }
    } else {
      throw file.error(
        entry,
        "is not a key of a cluster file: these are engines, controller and the options of "
          + "martlet start such as ip, location, profile, program and restart-engines")
    }
  }

  // MARK: - Groups

  private static func group(_ node: Node, in file: YAMLFile) throws(OptionError) -> EngineGroup {
    var entries = try file.entries(of: node, in: "a group of engines")
    func take(_ key: String) -> YAMLFile.Entry? {
      entries.firstIndex { $0.key == key }.map { entries.remove(at: $0) }
    }
    let launcher = take("launcher")
    let count = try take("count").map { entry throws(OptionError) in try file.count(entry) }
    let scaling = try scaling(take("min"), take("max"), take("idle"), in: file)
    let label = try take("name").map { entry throws(OptionError) in try file.text(entry) }
    let program = try take("program").map { entry throws(OptionError) in try file.text(entry) }
    let python = try take("python").map { entry throws(OptionError) in try file.text(entry) }
    let arguments = try take("arguments").map { entry throws(OptionError) in try file.texts(entry) } ?? []

    let offer = try take("resources").map { entry throws(OptionError) in try resources(entry, in: file) }
    let options = try LauncherOptions(.engines, launcher, entries, line: node.mark?.line ?? 1, in: file)
    guard let number = count ?? scaling?.minimum ?? options.count else {
      throw OptionError("\(file.place(of: node.mark?.line ?? 1)): the group has no 'count', how many engines?")
    }
    var group = EngineGroup(
      options.launcher, count: number, program: program.map { ProgramCommand(executable: $0) })
    group.name = label
    group.scaling = scaling
    group.arguments = (python.map { ["--python=\($0)"] } ?? []) + options.arguments + arguments
    group.environment = options.environment
    if let offer { group.resources = offer }
    return group
  }

  /// Between how many engines a group grows and shrinks by itself; `nil` without `max`.
  private static func scaling(
    _ minimum: YAMLFile.Entry?, _ maximum: YAMLFile.Entry?, _ idle: YAMLFile.Entry?, in file: YAMLFile
  ) throws(OptionError) -> EngineScaling? {
    func number(_ entry: YAMLFile.Entry?) throws(OptionError) -> Int? {
      guard let entry else { return nil }
      guard let number = try file.value(entry).intValue else { throw file.error(entry, "should be a whole number") }
      return number
    }
    let bounds = (least: try number(minimum), most: try number(maximum), seconds: try number(idle) ?? 60)
    do throws(OptionError) {
      return try EngineScaling(minimum: bounds.least, maximum: bounds.most, idleTime: .seconds(bounds.seconds))
    } catch {
      guard let entry = maximum ?? minimum else { throw error }
      throw OptionError("\(file.place(of: entry.line)): \(error)")
    }
  }

  /// What each engine of a group offers: `{gpu: 2, memory: 8GB}`.
  private static func resources(_ entry: YAMLFile.Entry, in file: YAMLFile) throws(OptionError) -> Resources {
    guard let resources = Resources(literal: try file.value(entry)) else {
      throw file.error(entry, "should be names with amounts such as {gpu: 2, memory: 8GB}")
    }
    return resources
  }
}
