import Logging
import Synchronization

/// Records log lines.
final class LogRecorder: Sendable {
  struct Line: Sendable {
    let message: String
    let metadata: Logger.Metadata

    subscript(key: String) -> String { metadata[key].map { "\($0)" } ?? "" }
  }

  private let recorded = Mutex<[Line]>([])

  /// The lines recorded so far.
  var lines: [Line] { recorded.withLock { $0 } }

  /// A logger whose lines are recorded.
  var logger: Logger { Logger(label: "test") { _ in Handler(recorder: self) } }

  private struct Handler: LogHandler {
    let recorder: LogRecorder
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      recorder.recorded.withLock {
        $0.append(Line(message: "\(event.message)", metadata: metadata.merging(event.metadata ?? [:]) { $1 }))
      }
    }
  }
}
