/// Why a controller can't serve.
public struct ControllerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of an error.
  public enum Code: Sendable, Hashable {
    /// ``Controller/run()`` was called a second time.
    case alreadyRun
    /// The journal can't be used.
    case journal
  }

  /// The kind of error.
  public let code: Code
  /// What went wrong and how to go on.
  public let description: String

  /// An error with its text.
  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
