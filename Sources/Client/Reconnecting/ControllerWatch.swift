import MartletWire
import MartletZeroMQ

/// A client's watch of its controller, on the connection's loop: ``ControllerWatchState`` with what it needs to act.
struct ControllerWatch {
  /// A request whose reply may have been lost.
  ///
  /// - `breaks`: how often connections have broken so far; after the next time another recovery follows.
  typealias Recovery = @Sendable (_ ids: [String], _ loss: ClientError, _ breaks: Int) -> Void

  var state: ControllerWatchState
  /// How long the controller may be missing, for messages.
  let timeout: Duration?
  /// Where the connection was read from; `nil` if it was given by the caller.
  let file: ConnectionLookup?
  /// Finds out what became of requests.
  let recover: Recovery
  /// The beginning of a ping's message id.
  let pingPrefix: String
  /// Which requests were sent before a connection broke.
  var marks = BreakMarks()
  var timer: EventLoop.Token?

  /// The message id of a ping.
  func id(ofPing number: Int) -> String { pingPrefix + String(number) }

  /// The number of the ping with this message id; `nil` if it belongs to another request.
  func number(ofPing id: String) -> Int? {
    id.hasPrefix(pingPrefix) ? Int(id.dropFirst(pingPrefix.count)) : nil
  }
}
