/// What a function or code raised on an engine.
public struct RemoteError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The class of the exception, for example `ZeroDivisionError`, or the Swift error's type.
  public let ename: String
  /// The exception's message.
  public let evalue: String
  /// The traceback as the engine formatted it, possibly with terminal colours; may be empty.
  public let traceback: String
  /// The engine it happened on, where known.
  public let engineID: Int?
  /// The engine's uuid, where known.
  public let engineUUID: String?
  /// The id of the request.
  public let msgID: String
  /// What was asked for, for example `apply(wordCount)`.
  public let method: String

  /// An error with all its parts.
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

  /// One line: where, what was called, what went wrong.
  public var description: String {
    let place = engineID.map { "engine \($0): " } ?? ""
    let call = method.isEmpty ? "" : "\(method): "
    return evalue.isEmpty ? "\(place)\(call)\(ename)" : "\(place)\(call)\(ename): \(evalue)"
  }
}
