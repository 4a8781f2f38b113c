/// A failure of the client itself or of its connection to the cluster, not of a called function.
public struct ClientError: Error, Sendable, CustomStringConvertible {
  /// The kinds of failure.
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// There is no connection file, or the connection it describes can't be used.
    case connectionFile
    /// The controller did not answer in time, or the caller's own time limit passed.
    case timeout
    /// The client was closed, by its owner or because the controller has shut down.
    case closed
    /// The controller has ended or can't be reached, or it has come back without knowing the request. Whether the task
    /// ran is unknown: submit it again if it may run twice.
    case controllerLost
    /// ZeroMQ accepted no more messages.
    case sendFailed
    /// No engine is registered.
    case noEngines
    /// A view names an engine that isn't registered, or no engine at all.
    case noSuchEngine
    /// The hub refused a query.
    case hubError
    /// A result doesn't have the type the caller expects.
    case wrongResultType
    /// A reply was signed correctly but does not follow the protocol.
    case malformedReply
    /// An argument can't be encoded or is out of range.
    case invalidArgument
    /// An element of a map that hands each out once has been handed out.
    case alreadyRead
  }

  /// The kind of failure.
  public let code: Code
  /// What happened and, if that is known, what to do about it.
  public let message: String
  /// The error that caused this one, if there is one.
  public let underlying: (any Error)?

  /// Makes an error with its explanation.
  public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.underlying = underlying
  }

  /// The ``message``.
  public var description: String { message }

  /// The error for an engine that isn't registered.
  static func noSuchEngine(_ id: Int, existing: [Int]) -> ClientError {
    ClientError(.noSuchEngine, "there is no engine \(id); the engines are \(list(existing))")
  }

  /// The error for a view that names no engine.
  static func emptySelection(_ place: String, existing: [Int]) -> ClientError {
    ClientError(.noSuchEngine, "there is no engine \(place); the engines are \(list(existing))")
  }

  private static func list(_ ids: [Int]) -> String {
    let first = ids.prefix(20).map(String.init).joined(separator: ", ")
    return ids.count > 20 ? "\(first) and \(ids.count - 20) more" : first
  }

  /// The error for calls while no engine is registered.
  static let noEngines = ClientError(
    .noEngines, "no engine is registered; start some (martlet start -n 4) or await client.waitForEngines(_:timeout:)")

  /// The error for what `for await` has handed out.
  static let alreadyRead = ClientError(
    .alreadyRead,
    "a map with more chunks than its window hands out each element once, and `for await` has had this one: keep what it "
      + "gives, or use value instead")

  /// The error of a closed client.
  static let closed = ClientError(.closed, "the client is closed")
}
