import Logging
import MartletWire
import MartletZeroMQ

/// The engine table on disk. A restarted controller restores its engines from it.
struct EngineTableFile {
  /// `nil` if there is none.
  private let path: String?
  private let logger: Logger
  /// Whether to write the table after the current batch of events. One write covers the batch, since 500 engines may
  /// join at once.
  private(set) var isOutdated = false

  init(path: String?, logger: Logger) {
    self.path = path
    self.logger = logger
  }

  /// Notes that the table has changed.
  mutating func tableChanged() { isOutdated = true }

  /// Writes the table.
  mutating func write(_ table: EngineTable) {
    isOutdated = false
    guard let path else { return }
    do {
      // Not durable: a sync would delay registrations, and a damaged table is merely ignored.
      try PrivateFile.write(table.json.bytes.data, to: path, isDurable: false)
    } catch {
      logger.warning("can't save the engine table", metadata: [LogKey.reason: "\(error)"])
    }
  }

  /// Reads the table; `nil` if there is none, or it can't be used.
  func read() -> JSONValue? {
    guard let path else { return nil }
    do {
      guard let table = try PrivateFile.readJSON(path) else { return nil }
      guard table["engines"]?.objectValue != nil else { throw PrivateFileError(path, "'engines' is missing") }
      return table
    } catch {
      logger.warning("no engines are restored: the engine table is unusable", metadata: [LogKey.reason: "\(error)"])
      return nil
    }
  }
}
