import Logging
import MartletWire

/// The keys of log metadata, so that all parts of the controller name things alike.
enum LogKey {
  static let engineID = "engine.id"
  static let engineUUID = "engine.uuid"
  static let messageID = "message.id"
  static let messageType = "message.type"
  static let reason = "reason"
  static let socket = "socket"
  static let count = "count"
  static let endpoint = "endpoint"
}

extension Logger {
  /// Notes a message that was refused.
  func refused(_ error: WireError, socket: String, count: Int) {
    warning(
      "refused a message",
      metadata: [LogKey.socket: "\(socket)", LogKey.reason: "\(error)", LogKey.count: "\(count)"])
  }
}
