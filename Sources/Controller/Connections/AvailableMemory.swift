import Foundation

/// How much memory a process may occupy.
enum AvailableMemory {
  /// The machine's memory in bytes, or what the limits of this process's control groups leave of it: those of its container,
  /// its systemd unit or its batch job.
  static var ofProcess: UInt64 {
    let limit = groupLimit(text(of: "/proc/self/cgroup") ?? "") { text(of: $0) }
    return min(ProcessInfo.processInfo.physicalMemory, limit ?? .max)
  }

  /// The lowest limit of the control groups (version 2) that a process is in, in bytes; `nil` without one.
  ///
  /// - Parameters:
  ///   - membership: the text of `/proc/self/cgroup`, see cgroups(7).
  ///   - read: gives the text of a file.
  static func groupLimit(_ membership: String, read: (String) -> String?) -> UInt64? {
    guard let line = membership.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return nil }
    var names = line.dropFirst(4).split(separator: "/")
    var limit: UInt64?
    while true {
      let folder = (["/sys/fs/cgroup"] + names).joined(separator: "/")
      if let value = read("\(folder)/memory.max").flatMap({ UInt64($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
      ) {
        limit = min(limit ?? value, value)
      }
      if names.popLast() == nil { return limit }
    }
  }

  private static func text(of path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
