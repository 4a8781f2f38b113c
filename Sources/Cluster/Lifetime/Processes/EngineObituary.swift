import Foundation
import MartletWire
import MartletZeroMQ

/// Tells the hub that the process of an engine, or of several, has ended. The process that started it knows at once, the hub
/// would have to miss heartbeats.
package struct EngineObituary: Sendable {
  let uuids: [String]
  /// How the process ended, as a clause.
  let reason: String

  /// An obituary.
  package init(uuids: [String], reason: String) {
    self.uuids = uuids
    self.reason = reason
  }

  /// The most time that the message may take to reach the hub.
  private static let linger = Duration.seconds(2)

  /// Sends the message. Returns when it is on its way, or when the controller can't be reached.
  ///
  /// - Throws: what keeps it from being sent.
  package func send(to connection: ConnectionInfo) async throws {
    try await withCheckedThrowingContinuation { continuation in
      // Closing the context waits for the message to leave. Other work needs the threads of pools.
      Thread.detachNewThread { continuation.resume(with: Result { try self.deliver(to: connection) }) }
    }
  }

  private func deliver(to connection: ConnectionInfo) throws {
    let context = try Context()
    var options = SocketOptions()
    options.linger = Self.linger
    options.curve = try connection.curveRole()
    let socket = try Socket(context, .dealer, options: options)
    try socket.connect(try connection.endpoint(.registration))
    var session = try Session(key: connection.key, scheme: connection.signatureScheme)
    for uuid in uuids {
      let content: JSONValue = ["uuid": .string(uuid), "reason": .string(reason)]
      var message = Multipart()
      session.append(to: &message, type: MessageType.unregistrationRequest, content: content.bytes.array)
      try socket.send(&message)
    }
  }
}
