import Logging
import MartletWire

extension Logger {
  /// Notes a message that was refused.
  func refused(_ error: WireError, socket: String, count: Int) {
    warning(
      "refused a message",
      metadata: [LogKey.socket: "\(socket)", LogKey.reason: "\(error)", LogKey.count: "\(count)"])
  }
}
