import Foundation

/// What a client of the chaos harness writes down: a file with a JSON object on each line, which survives the client.
struct ChaosJournal {
  private let file: FileHandle
  /// How many processes have written to the file before.
  let earlierStarts: Int
  /// The requests of earlier processes that have not ended, with what a task that can be fetched has to result in.
  let openTasks: [(task: String, expected: String?)]

  init(path: String) throws {
    let lines = (FileManager.default.contents(atPath: path) ?? Data()).split(separator: UInt8(ascii: "\n"))
    // The last line may have been cut off.
    let events = lines.compactMap { (try? JSONSerialization.jsonObject(with: $0)) as? [String: Any] }
    let closed = Set(
      events.filter { $0["event"] as? String != "submitted" }.compactMap { $0["task"] as? String })
    earlierStarts = events.count { $0["event"] as? String == "started" }
    openTasks = events.compactMap { event in
      guard event["event"] as? String == "submitted", let task = event["task"] as? String, !closed.contains(task)
      else { return nil }
      return (task, event["via"] as? String == "task" ? event["expected"] as? String : nil)
    }
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o600)
    guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  func write(_ event: [String: Any]) { write([event]) }

  /// Writes all of these events, or none if the process is killed.
  func write(_ events: [[String: Any]]) {
    let lines = events.compactMap { try? JSONSerialization.data(withJSONObject: $0) }
    try? file.write(contentsOf: Data(lines.flatMap { $0 + [UInt8(ascii: "\n")] }))
  }

  /// Seconds of the clock that all processes of a machine have in common.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
