import Foundation

/// Finds the reason that a program gives in its log when it ends.
enum LastWords {
  /// How many bytes to read from the end of a log.
  private static let limit: UInt64 = 16_384

  /// The reason at the end of a log file; `nil` if the file is empty or can't be read.
  static func read(from path: String) -> String? {
    guard let file = FileHandle(forReadingAtPath: path), let size = try? file.seekToEnd() else { return nil }
    try? file.seek(toOffset: size - min(size, limit))
    guard let data = try? file.readToEnd() else { return nil }
    return find(in: String(decoding: data, as: UTF8.self))
  }

  /// The last line from ``RoleExit`` or another program that says something, without its name prefix.
  static func find(in log: String) -> String? {
    let lines = log.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    // Usage lines follow our own errors and Docker's; Grid Engine's commands end with the last one; Slurm repeats the status.
    let saysNothing = { (line: String) in
      line.isEmpty || line.hasPrefix("Usage: ") || line.hasPrefix("See '") || line.hasPrefix("Run 'docker ")
        || line == "Exiting." || line.hasPrefix("srun: ") && line.contains(": Exited with exit code ")
    }
    guard let line = lines.last(where: { !saysNothing($0) }) else { return nil }
    for prefix in [RoleExit.usageErrorPrefix, "martlet controller: ", "martlet engine: "] where line.hasPrefix(prefix) {
      return String(line.dropFirst(prefix.count))
    }
    return line
  }
}
