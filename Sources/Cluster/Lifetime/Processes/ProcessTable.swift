import Foundation

/// Looks up other processes in this process namespace.
enum ProcessTable {
  /// Whether a process exists. Another user's process counts; a zombie doesn't.
  ///
  /// - Parameter startTime: an earlier result of ``startTime(of:)``, which differs for another process with the same
  ///   id.
  static func isAlive(_ pid: Int, startTime: String? = nil) -> Bool {
    guard let number = Int32(exactly: pid), number > 0, kill(number, 0) == 0 || errno == EPERM else { return false }
    guard let fields = statusFields(of: "\(pid)") else { return true }
    if fields.first == "Z" { return false }
    return startTime == nil || startTime == Self.startTime(fields)
  }

  /// Clock ticks from boot to a process's start; `nil` if there is no `/proc`.
  static func startTime(of pid: Int) -> String? { startTime(statusFields(of: "\(pid)")) }

  /// This process's start time, which `/proc` tells even if it shows another namespace.
  static let ownStartTime = startTime(statusFields(of: "self"))

  /// The environment that a process was started with; `nil` if it can't be read.
  static func environment(of pid: Int) -> [Substring]? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ") else { return nil }
    return String(decoding: data, as: UTF8.self).split(separator: "\0")
  }

  private static func startTime(_ fields: [Substring]?) -> String? {
    // Field 22 in proc(5), the twentieth after the name.
    fields.flatMap { $0.count > 19 ? String($0[19]) : nil }
  }

  /// The fields after the name in `/proc/PID/stat`: state, parent, …
  private static func statusFields(of pid: String) -> [Substring]? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    return text.lastIndex(of: ")").map { text[text.index(after: $0)...].split(separator: " ") }
  }
}
