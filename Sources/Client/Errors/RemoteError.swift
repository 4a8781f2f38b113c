import MartletWire

/// An error a function or executed code threw on an engine, and where.
public struct RemoteError: Error, RelayedError, Sendable, Hashable, CustomStringConvertible {
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
  /// The Swift error itself, if it is `Codable`.
  private let thrown: ThrownError?

  /// Makes an error from its parts.
  public init(
    ename: String, evalue: String, traceback: String = "", engineID: Int? = nil, engineUUID: String? = nil,
    msgID: String = "", method: String = ""
  ) {
    self.init(
      ename: ename, evalue: evalue, traceback: traceback, engineID: engineID, engineUUID: engineUUID, msgID: msgID,
      method: method, thrown: nil)
  }

  init(
    ename: String, evalue: String, traceback: String, engineID: Int?, engineUUID: String?, msgID: String,
    method: String, thrown: ThrownError?
  ) {
    self.ename = ename
    self.evalue = evalue
    self.traceback = traceback
    self.engineID = engineID
    self.engineUUID = engineUUID
    self.msgID = msgID
    self.method = method
    self.thrown = thrown
  }

  /// The error that the Swift function has thrown, if its type is `Codable` and this program has it, too. Results throw it
  /// in place of this error, which is its context: ``AsyncResult/remoteErrors``, ``CompositeError/Failure/context``.
  public var original: (any Error)? { thrown?.error }

  /// The ``traceback`` without terminal colours.
  public var plainTraceback: String { TerminalColors.removed(from: traceback) }

  /// One line: the engine, what was called, what went wrong and, where that is plain, what to do about it.
  public var description: String {
    let place = engineID.map { "engine \($0): " } ?? ""
    let call = method.isEmpty ? "" : "\(method): "
    let error = evalue.isEmpty ? ename : "\(ename): \(evalue)"
    return "\(place)\(call)\(error)\(advice.map { "; \($0)" } ?? "")"
  }

  /// What to do about a function that the engine doesn't have, or a module that an expression needs and the engine hasn't
  /// imported.
  private var advice: String? {
    guard ename == "NameError" else { return nil }
    let parts = evalue.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "name " else { return nil }
    if parts[2] == " is not defined", [String(parts[1]), "map(\(parts[1]))"].contains(method) {
      let engine = engineID.map { "engine \($0)" } ?? "the engine"
      return "the program of \(engine) doesn't list it in its functions, and Python has no such function there"
    }
    guard method.contains("\(parts[1]).") else { return nil }
    return "if it is a module, import it there first: try await view.execute(\"import \(parts[1])\")"
  }
}
