/// Why a pickle, a buffer of an apply message or an array could not be read or made.
public struct PickleError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: String, Sendable, Hashable {
    /// The input ends before the value does.
    case truncated
    /// The bytes are not a pickle: unknown opcode, broken text, stack underflow and the like.
    case malformed
    /// A well-formed pickle uses something that data cannot have: persistent ids, extension codes, self-reference.
    case unsupported
    /// A bound of ``PickleLimits`` was exceeded.
    case limit
    /// A value does not have the shape the reader expects (an apply message, a canned object, an array's dtype).
    case mismatch
  }

  /// The kind of failure.
  public let code: Code

  /// The byte offset of the opcode at fault, nil if the failure has no place in a pickle.
  public let offset: Int?

  /// What went wrong, in a sentence.
  public let message: String

  /// Makes an error of a kind, at an offset in a pickle if there is one.
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
