import Foundation

/// Questions about other processes.
enum ProcessTable {
  /// Whether a process is there; one that belongs to somebody else counts, one that only waits to be reaped does not.
  ///
  /// - Parameter startMark: what ``startMark(of:)`` said when it was started; another process that got its id differs.
  static func isAlive(_ pid: Int, startMark: String? = nil) -> Bool {
    guard let number = Int32(exactly: pid), number > 0, kill(number, 0) == 0 || errno == EPERM else { return false }
    guard let fields = statusFields(of: pid) else { return true }
    if fields.first == "Z" { return false }
    return startMark == nil || startMark == Self.startMark(of: pid)
  }

  /// Tells processes apart that have the same id one after the other; `nil` where there is no `/proc`.
  static func startMark(of pid: Int) -> String? {
    // Clock ticks from boot to the start: field 22 in proc(5), the twentieth after the name.
    statusFields(of: pid).flatMap { $0.count > 19 ? String($0[19]) : nil }
  }

  /// What follows the name in `/proc/PID/stat`: state, parent, …
  private static func statusFields(of pid: Int) -> [Substring]? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    return text.lastIndex(of: ")").map { text[text.index(after: $0)...].split(separator: " ") }
  }
}
