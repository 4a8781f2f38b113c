/// A task was aborted before it started.
public struct TaskAborted: Error, Sendable, Hashable, CustomStringConvertible {
  /// The id of the request; empty if it was never sent.
  public let msgID: String

  /// Makes an error for an aborted request.
  public init(msgID: String) { self.msgID = msgID }

  /// One line that names the request.
  public var description: String {
    msgID.isEmpty ? "the task was aborted before it was sent" : "the task \(msgID) was aborted before it ran"
  }
}
