import Foundation
import Testing

/// The repository files that the tests read.
enum Repository {
  /// Converts a path relative to the repository root to an absolute path.
  static func path(_ relative: String) -> String {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    return folder.appendingPathComponent(relative).path
  }

  static func text(_ relative: String) throws -> String {
    try String(contentsOfFile: path(relative), encoding: .utf8)
  }

  /// The Swift files in a folder, in order.
  static func swiftFiles(in folder: String) throws -> [String] {
    let files = try FileManager.default.subpathsOfDirectory(atPath: path(folder))
    return files.filter { $0.hasSuffix(".swift") }.sorted().map { "\(folder)/\($0)" }
  }

  /// The names that `import Martlet` brings from other modules, by module: those listed in `Martlet.swift`.
  static func exportedNames() throws -> [String: Set<String>] {
    var names: [String: Set<String>] = [:]
    for line in try text("Sources/Martlet/Martlet.swift").split(separator: "\n")
    where line.hasPrefix("@_exported") {
      let name = try #require(line.split(separator: " ").last).split(separator: ".").map(String.init)
      try #require(name.count == 2, "an export of a whole module: \(line)")
      names[name[0], default: []].insert(name[1])
    }
    return names
  }
}
