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

  /// The last line from ``RoleExit`` or another program, without its name prefix and the usage lines that follow it.
  static func find(in log: String) -> String? {
    let lines = log.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    let isUsage = { (line: String) in line.hasPrefix("Usage: ") || line.hasPrefix("See '") }
    guard let line = lines.last(where: { !$0.isEmpty && !isUsage($0) }) else { return nil }
    for prefix in [RoleExit.usageErrorPrefix, "martlet controller: ", "martlet engine: "] where line.hasPrefix(prefix) {
      return String(line.dropFirst(prefix.count))
    }
    return line
  }
}
