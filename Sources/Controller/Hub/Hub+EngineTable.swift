import Logging
import MartletWire
import MartletZeroMQ

/// The engine table on disk. A restarted controller restores its engines from it.
extension Hub {
  func saveEngines() {
    guard let engineStateFile else { return }
    do {
      // Not durable: a sync would delay registrations, and a damaged table is merely ignored.
      try PrivateFile.write(state.engines.json.bytes.data, to: engineStateFile, isDurable: false)
    } catch {
      logger.warning("can't save the engine table", metadata: [LogKey.reason: "\(error)"])
    }
  }

  func restore() {
    guard let engineStateFile else { return }
    do {
      guard let table = try PrivateFile.readJSON(engineStateFile) else { return }
      guard table["engines"]?.objectValue != nil else {
        throw PrivateFileError(engineStateFile, "'engines' is missing")
      }
      state.restore(table, at: .now)
    } catch {
      logger.warning("no engines are restored: the engine table is unusable", metadata: [LogKey.reason: "\(error)"])
    }
  }
}
