import Foundation

/// Finds the reason that a program gives in its log when it ends.
enum LastWords {
  /// How many bytes to read from the end of a log, in general and where backtraces of many threads may follow.
  private static let (limit, crashLimit): (UInt64, UInt64) = (16_384, 1 << 20)

  /// The reason at the end of a log file; `nil` if the file is empty or can't be read.
  static func read(from path: String) -> String? { end(of: path, limit).flatMap { find(in: $0) } }

  /// What a program said when it crashed, at the end of its log file; `nil` if it said nothing.
  static func ofCrash(from path: String) -> String? {
    end(of: path, crashLimit).flatMap { findCrash(in: $0) }
  }

  private static func end(of path: String, _ limit: UInt64) -> String? {
    guard let file = FileHandle(forReadingAtPath: path), let size = try? file.seekToEnd() else { return nil }
    try? file.seek(toOffset: size - min(size, limit))
    return (try? file.readToEnd()).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The last line of Swift's or C's about what must not happen. A backtrace may follow it.
  static func findCrash(in log: String) -> String? {
    let marks = ["Fatal error", "Precondition failed", "Assertion failed", "Assertion `", "terminate called after"]
    return log.split(whereSeparator: \.isNewline).last { line in marks.contains { line.contains($0) } }
      .map { $0.trimmingCharacters(in: .whitespaces) }
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
