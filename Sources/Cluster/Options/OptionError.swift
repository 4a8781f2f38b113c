/// An option or configuration that can't be used, in one line that says what to do.
public struct OptionError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The explanation, in one line.
  public let description: String

  /// An error with its explanation.
  public init(_ description: String) { self.description = description }
}
