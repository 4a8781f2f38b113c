/// An error a function or executed code threw on an engine.
public struct RemoteError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The class of the Python exception, for example `ZeroDivisionError`, or the type of the Swift error.
  public let ename: String
  /// The error's message.
  public let evalue: String
  /// The traceback as the engine formatted it; may be empty or contain terminal colours.
  public let traceback: String
  /// The engine's id, if it is known.
  public let engineID: Int?
  /// The engine's unique name, if it is known.
  public let engineUUID: String?
  /// The id of the request.
  public let msgID: String
  /// What was called, for example `map(wordCount)`.
  public let method: String

  /// Makes an error from its parts.
  public init(
    ename: String, evalue: String, traceback: String = "", engineID: Int? = nil, engineUUID: String? = nil,
    msgID: String = "", method: String = ""
  ) {
    self.ename = ename
    self.evalue = evalue
    self.traceback = traceback
    self.engineID = engineID
    self.engineUUID = engineUUID
    self.msgID = msgID
    self.method = method
  }

  /// One line: the engine, what was called and what went wrong.
  public var description: String {
    let place = engineID.map { "engine \($0): " } ?? ""
    let call = method.isEmpty ? "" : "\(method): "
    return evalue.isEmpty ? "\(place)\(call)\(ename)" : "\(place)\(call)\(ename): \(evalue)"
  }
}
