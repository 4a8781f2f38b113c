import Foundation
import MartletZeroMQ

/// How much memory a process may occupy, and the share of it that each kind of load gets by default.
enum AvailableMemory {
  /// The machine's memory in bytes, or what the limits of this process leave of it: its own (`ulimit -v`, `-d`), and those of
  /// its control groups, which are those of its container, its systemd unit or its batch job.
  static let ofProcess: UInt64 = {
    let group = groupLimit(text(of: "/proc/self/cgroup") ?? "") { text(of: $0) }
    return [ProcessInfo.processInfo.physicalMemory, group, ProcessMemory.limit].compactMap { $0 }.min() ?? .max
  }()

  /// The bytes of a message.
  static var message: Int { Int(clamping: ofProcess / 4) }
  /// The bytes of the requests that one scheduler or relay accepts. There are three of them.
  static var requests: Int { Int(clamping: min(ofProcess / 8, 4 << 30)) }
  /// The bytes that the hub's records of tasks keep.
  static var records: Int { Int(clamping: min(ofProcess / 8, 1 << 30)) }
  /// The bytes of output that a client may be behind.
  static var backlog: UInt64 { min(ofProcess / 8, 1 << 29) }
  /// The bytes that unfinished messages may take from peers that have not proven to have the key.
  static var strangers: UInt64 { min(ofProcess / 4, 4 << 30) }
  /// The bytes in use from which on peers have to leave, even if they have the key.
  static var total: UInt64 { ofProcess / 2 }

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
