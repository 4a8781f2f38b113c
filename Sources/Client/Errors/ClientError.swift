/// A failure on the client's side of a call: nothing the called function did.
public struct ClientError: Error, Sendable, CustomStringConvertible {
  /// The kinds of failure.
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// No usable connection file, or one that lacks a channel.
    case connectionFile
    /// The controller did not answer, or the wait's own limit passed.
    case timeout
    /// The client was closed, or the controller announced that it shuts down.
    case closed
    /// A message could not be handed to ZeroMQ.
    case sendFailed
    /// No engine is registered.
    case noEngines
    /// A view names an engine that isn't there.
    case noSuchEngine
    /// The hub answered a query with an error.
    case hubError
    /// The result has another type than the caller expects.
    case wrongResultType
    /// A reply was signed correctly but is not what the protocol says.
    case malformedReply
    /// An argument can't be sent: it doesn't encode, or is out of range.
    case invalidArgument
  }

  /// What kind of failure.
  public let code: Code
  /// What happened and, where that is known, what to do about it.
  public let message: String
  /// The error behind it, if there is one.
  public let underlying: (any Error)?

  /// An error with its explanation.
  public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.underlying = underlying
  }

  public var description: String { message }

  /// The error for an engine that isn't there.
  static func noSuchEngine(_ id: Int, existing: [Int]) -> ClientError {
    ClientError(
      .noSuchEngine, "there is no engine \(id); the engines are \(existing.map(String.init).joined(separator: ", "))")
  }

  /// The error for views without any engine.
  static let noEngines = ClientError(
    .noEngines, "no engine is registered; start some (martlet start -n 4) or await client.waitForEngines(_:timeout:)")

  /// The error of a closed client.
  static let closed = ClientError(.closed, "the client is closed")
}
