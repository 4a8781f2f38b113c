/// Why an engine could not start or had to stop.
public struct EngineRunError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of failure.
  public enum Code: String, Sendable, Hashable {
    /// ``Engine/run()`` was called a second time.
    case alreadyRun
    /// The hub did not answer the registration in time.
    case registrationTimeout
    /// The hub refused the registration, or its answer could not be understood.
    case registrationRefused
    /// The controller was lost and did not return in time.
    case controllerLost
    /// Two functions have the same name, or one has the name of a built-in call.
    case duplicateFunction
    /// The program's ``EngineLifecycle/started`` threw an error.
    case startFailed
    /// Standard output or error could not be captured.
    case outputCapture
    /// The engine's Python has ended, and with it the names and values that clients had made there.
    case pythonDied
    /// A Swift function went on after it had been cancelled, for longer than ``PythonConfiguration/interruptGrace``.
    case ignoredCancellation
  }

  /// The kind of failure.
  public let code: Code
  /// What happened and, where known, what to do about it.
  public let message: String

  /// Creates an error.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
