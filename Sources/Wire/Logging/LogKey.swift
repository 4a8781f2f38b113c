/// The keys of log metadata, the same in every part of Martlet.
package enum LogKey {
  /// An engine's label, with its id once it has one.
  package static let engine = "martlet.engine"
  package static let engineID = "martlet.engine.id"
  package static let engineUUID = "martlet.engine.uuid"
  package static let messageID = "martlet.message.id"
  /// Which attempt at a task it is, counted from 1.
  package static let attempt = "martlet.attempt"
  package static let messageType = "martlet.message.type"
  /// Why something failed: an error or its text.
  package static let reason = "martlet.reason"
  /// The code of the error for which a message was rejected.
  package static let rejected = "martlet.rejected"
  /// The channel of the protocol, such as `shell` or `iopub`.
  package static let channel = "martlet.channel"
  /// One of the controller's sockets.
  package static let socket = "martlet.socket"
  package static let endpoint = "martlet.endpoint"
  /// A file.
  package static let path = "martlet.path"
  /// A limit that was reached.
  package static let limit = "martlet.limit"
  /// How often this has happened so far.
  package static let count = "martlet.count"
  /// How many bytes.
  package static let bytes = "martlet.bytes"
  /// How many lines like this one were left out since the last one.
  package static let suppressed = "martlet.suppressed"
  package static let heartbeatPeriod = "martlet.heartbeat.period"
  /// How long after its ping a heartbeat arrived.
  package static let heartbeatDelay = "martlet.heartbeat.delay"
  package static let signal = "martlet.signal"
  /// An interpreter, by its path.
  package static let python = "martlet.python"
  package static let version = "martlet.python.version"
}
