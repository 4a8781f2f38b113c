import Foundation
import MartletWire
import MartletZeroMQ

/// What to do with the configuration instead of running the role.
public enum ConfigReport: Sendable, Hashable {
  /// `--show-config` or `--show-config-json`: print this text.
  case show(String)
  /// `--generate-config`: write a file of commented defaults.
  case generate(path: String, text: String, overwrites: Bool)

  /// Prints the configuration, or writes the file and prints its path.
  ///
  /// - Throws: ``OptionError`` if the file exists and `--overwrite` isn't given, ``ClusterError`` if it can't be written.
  public func perform() throws {
    switch self {
    case .show(let text): print(text, terminator: "")
    case .generate(let path, let text, let overwrites):
      guard overwrites || !FileManager.default.fileExists(atPath: path) else {
        throw OptionError("--generate-config: \(path) exists; --overwrite replaces it")
      }
      do {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
      } catch {
        throw ClusterError("\(path) can't be written: \(error.localizedDescription)")
      }
      print(path)
    }
  }

  /// The options that are set, highest priority first in each class, in the format of traitlets.
  static func show(_ layers: [ConfigLayer], asJSON: Bool) -> ConfigReport {
    let hidden: Set = ["show_config", "show_config_json", "generate_config"]
    var merged: [String: [String: OptionValue]] = [:]
    for layer in layers.reversed() {
      for (name, traits) in layer.values {
        merged[name, default: [:]].merge(traits.filter { !hidden.contains($0.key) }) { $1 }
      }
    }
    merged = merged.filter { !$1.isEmpty }
    if asJSON {
      let json = JSONValue.object(merged.mapValues { .object($0.mapValues(\.literal)) })
      return .show(String(decoding: json.bytes.array, as: UTF8.self) + "\n")
    }
    let files = layers.filter(\.isFile).map { "  \($0.origin)\n" }
    let classes = merged.sorted { $0.key < $1.key }.map { name, traits in
      "\(name)\n" + traits.sorted { $0.key < $1.key }.map { "  .\($0) = \($1.literal.pythonLiteral)\n" }.joined()
    }
    return .show((files.isEmpty ? "" : "Loaded config files:\n\(files.joined())\n") + classes.joined())
  }

  /// A configuration file in which each option of a role stands with its default, as a comment.
  static func generate(
    _ settings: [OptionReader.Setting], path: String, program: String, overwrites: Bool
  ) -> ConfigReport {
    var text = "# Configuration file for \(program).\n\nc = get_config()  #noqa\n"
    var section = ""
    for setting in settings.sorted(by: { $0.path < $1.path }) {
      let name = String(setting.path.prefix { $0 != "." })
      if name != section { text += "\n# \(name)\n" }
      section = name
      text += "# c.\(setting.path) = \(setting.defaultValue.pythonLiteral)\n"
    }
    return .generate(path: path, text: text, overwrites: overwrites)
  }
}

extension OptionValue {
  /// The value as a literal: what the command line gives may be a number or a text.
  var literal: JSONValue {
    switch self {
    case .literal(let value): value
    case .text(let text): (try? PythonLiteralParser.parse(text)) ?? .string(text)
    }
  }

  /// The value as the user wrote it, for messages.
  var plainText: String {
    switch self {
    case .text(let text): text
    case .literal(let value): value.pythonLiteral
    }
  }
}
