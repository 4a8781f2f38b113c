/// A pickle, a buffer of an apply message or an array that could not be read or made.
public struct PickleError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: String, Sendable, Hashable {
    /// The input ends before the value does.
    case truncated
    /// The bytes are not a pickle: an unknown opcode, broken text, a stack underflow and so on.
    case malformed
    /// A well-formed pickle uses something that isn't data: persistent ids, extension codes, references to itself.
    case unsupported
    /// One of the ``PickleLimits`` was exceeded.
    case limit
    /// A value does not have the shape the reader expects (an apply message, a canned object, an array's dtype).
    case mismatch
  }

  /// The kind of failure.
  public let code: Code

  /// The byte offset of the opcode at fault; `nil` if the failure has no position in a pickle.
  public let offset: Int?

  /// What went wrong, in a sentence.
  public let message: String

  /// An error of a kind, with its offset in a pickle if it has one.
  public init(_ code: Code, at offset: Int? = nil, _ message: String) {
    self.code = code
    self.offset = offset
    self.message = message
  }

  /// The message with its offset.
  public var description: String {
    guard let offset else { return "\(code.rawValue): \(message)" }
    return "\(code.rawValue) at byte \(offset): \(message)"
  }
}
