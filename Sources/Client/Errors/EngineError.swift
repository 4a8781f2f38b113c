/// An engine died or left while a task was with it.
public struct EngineError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The engine, where known.
  public let engineID: Int?
  /// The engine's uuid, where known.
  public let engineUUID: String?
  /// The id of the request that is lost.
  public let msgID: String
  /// One line that says so.
  public let description: String

  /// The loss of a request together with its engine.
  public init(engineID: Int?, engineUUID: String?, msgID: String, description: String? = nil) {
    self.engineID = engineID
    self.engineUUID = engineUUID
    self.msgID = msgID
    let name = engineID.map(String.init) ?? engineUUID ?? "unknown"
    self.description = description ?? "engine \(name) died while running task \(msgID)"
  }
}

/// A task that was aborted before it ran.
public struct TaskAborted: Error, Sendable, Hashable, CustomStringConvertible {
  /// The id of the request; empty for one that was never sent.
  public let msgID: String

  /// The abort of a request.
  public init(msgID: String) { self.msgID = msgID }

  public var description: String {
    msgID.isEmpty ? "the task was aborted before it was sent" : "the task \(msgID) was aborted before it ran"
  }
}
