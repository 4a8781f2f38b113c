import Foundation
import MartletEngine
import MartletWire
import MartletZeroMQ

extension PythonStartup {
  /// IPython's classes that have these options; the first counts most.
  private static let classes = ["IPKernelApp", "InteractiveShellApp"]

  /// Reads what to run at Python's start.
  mutating func read(_ reader: inout OptionReader, _ engineClasses: [String]) throws(OptionError) {
    var command: String?
    try reader.readNonEmpty(&command, "startup_command", of: engineClasses)
    var script: String?
    try reader.readNonEmpty(&script, "startup_script", of: engineClasses)
    try reader.read(&extensions, "extensions", of: Self.classes, as: .texts)
    try reader.read(&lines, "exec_lines", of: Self.classes, as: .texts)
    try reader.read(&files, "exec_files", of: Self.classes, as: .texts)
    if let command { lines.append(command) }
    if let script { files.append(script) }
  }

  /// The files of a profile that IPython runs: those ending in `.py` or `.ipy`, by name.
  mutating func find(in profile: ProfileDirectory) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: profile.startup)) ?? []
    profileFiles = names.filter { !$0.hasPrefix(".") && ($0.hasSuffix(".py") || $0.hasSuffix(".ipy")) }.sorted()
      .map { "\(profile.startup)/\($0)" }
  }

  /// An engine's options; it finds the profile's files itself.
  var engineArguments: [String] {
    [("extensions", extensions), ("exec_lines", lines), ("exec_files", files)].filter { !$0.1.isEmpty }
      .map { name, texts in
        let list = JSONValue.array(texts.map { .string($0) }).bytes.array
        return "--InteractiveShellApp.\(name)=\(String(decoding: list, as: UTF8.self))"
      }
  }
}
