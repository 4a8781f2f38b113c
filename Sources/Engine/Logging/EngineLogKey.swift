import Logging
import MartletWire

/// The metadata keys of the engine's log lines.
enum EngineLogKey: String {
  case engine = "martlet.engine"
  case uuid = "martlet.engine.uuid"
  case error = "martlet.error"
  case rejected = "martlet.rejected"
  case messageID = "martlet.message.id"
  case messageType = "martlet.message.type"
  case channel = "martlet.channel"
  case endpoint = "martlet.endpoint"
  case count = "martlet.count"
  case period = "martlet.heartbeat.period"
}

extension Logger {
  /// Sets or reads a metadata value by its key.
  subscript(key: EngineLogKey) -> Logger.Metadata.Value? {
    get { self[metadataKey: key.rawValue] }
    set { self[metadataKey: key.rawValue] = newValue }
  }
}

extension Dictionary where Key == String, Value == Logger.MetadataValue {
  /// Metadata of one log line.
  static func engine(_ values: [EngineLogKey: Logger.MetadataValue]) -> Logger.Metadata {
    Logger.Metadata(uniqueKeysWithValues: values.map { ($0.key.rawValue, $0.value) })
  }
}
