/// Why an engine could not start or had to leave.
public struct EngineError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of failure.
  public enum Code: String, Sendable, Hashable {
    /// The hub did not answer the registration in time.
    case registrationTimeout
    /// The hub answered the registration with an error or with something that is no answer.
    case registrationRefused
    /// The hub's heartbeats stopped.
    case controllerLost
    /// Two functions have the same name, or one has the name of a built-in call.
    case duplicateFunction
    /// Standard output or error could not be captured.
    case outputCapture
  }

  /// What kind of failure.
  public let code: Code
  /// What happened, and what to do about it where that is known.
  public let message: String

  /// An error with its explanation.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
