import Foundation
import MartletWire
import MartletZeroMQ

/// Configuration files of a profile: `NAME.json` and `NAME.py`, the latter read as data and never executed.
enum ConfigFile {
  /// Larger files are refused.
  private static let sizeLimit = 1 << 20

  /// The layers of a role's files, highest priority first: JSON overrides Python, as in traitlets.
  static func layers(name: String, directory: String, problems: inout [ConfigProblem]) -> [ConfigLayer] {
    ["json", "py"].compactMap { suffix in
      let path = "\(directory)/\(name).\(suffix)"
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      return read(path, problems: &problems)
    }
  }

  /// Reads one file, in the format that its suffix tells.
  static func read(_ path: String, problems: inout [ConfigProblem]) -> ConfigLayer? {
    guard let data = FileManager.default.contents(atPath: path) else {
      problems.append(ConfigProblem("\(path): can't be read"))
      return nil
    }
    guard data.count <= sizeLimit else {
      problems.append(ConfigProblem("\(path): larger than \(sizeLimit) bytes, ignored"))
      return nil
    }
    if path.hasSuffix(".json") { return json(data, path: path, problems: &problems) }
    var reader = PythonConfigReader(text: String(decoding: data, as: UTF8.self), path: path)
    reader.read()
    problems.append(contentsOf: reader.problems)
    return reader.layer
  }

  private static func json(_ data: Data, path: String, problems: inout [ConfigProblem]) -> ConfigLayer? {
    let object: [String: JSONValue]
    do {
      guard let members = try JSONValue.parse(Bytes(Array(data))).objectValue else {
        problems.append(ConfigProblem("\(path): must be an object {\"Class\": {\"trait\": value}}"))
        return nil
      }
      object = members
    } catch {
      problems.append(ConfigProblem("\(path): \(error)"))
      return nil
    }
    var layer = ConfigLayer(origin: path, isFile: true)
    for (name, traits) in object where name != "version" {
      guard let traits = traits.objectValue else {
        problems.append(ConfigProblem("\(path): '\(name)' must be an object of options, ignored"))
        continue
      }
      layer.values[name] = traits.mapValues { .literal($0) }
    }
    return layer
  }
}
