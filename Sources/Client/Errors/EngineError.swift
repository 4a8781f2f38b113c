/// An engine died or left before it had finished a task.
public struct EngineError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The engine's id, if it is known.
  public let engineID: Int?
  /// The engine's unique name, if it is known.
  public let engineUUID: String?
  /// The id of the lost request.
  public let msgID: String
  /// One line that names the engine and the request.
  public let description: String

  /// Makes an error for the loss of a request together with its engine.
  public init(engineID: Int?, engineUUID: String?, msgID: String, description: String? = nil) {
    self.engineID = engineID
    self.engineUUID = engineUUID
    self.msgID = msgID
    let name = engineID.map(String.init) ?? engineUUID ?? "unknown"
    self.description = description ?? "engine \(name) died while running task \(msgID)"
  }

  /// The error for a request that an engine had when it left.
  ///
  /// - Parameter reason: how the engine's process ended, if that is known.
  init(_ engine: RegisteredEngine, msgID: String, reason: String?) {
    let how = reason.map { ": \($0)" } ?? ""
    self.init(
      engineID: engine.id, engineUUID: engine.uuid, msgID: msgID,
      description: "engine \(engine.id) died while running task \(msgID)\(how)")
  }
}
