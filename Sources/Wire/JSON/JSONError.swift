/// A text that is not JSON: what is wrong, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What can be wrong.
  public enum Reason: String, Sendable, Hashable {
    /// The text ends inside a value.
    case unexpectedEnd = "unexpected end of text"
    /// A byte that is not allowed here.
    case unexpectedByte = "unexpected byte"
    /// The value is followed by something other than white space.
    case trailingBytes = "bytes after the value"
    /// A number that breaks the grammar of RFC 8259, section 6.
    case invalidNumber = "invalid number"
    /// A backslash followed by anything but the escapes of RFC 8259, section 7.
    case invalidEscape = "invalid escape"
    /// A control character (below U+0020) that is not escaped inside a string.
    case controlCharacter = "unescaped control character in a string"
    /// A string that is not UTF-8.
    case invalidUTF8 = "invalid UTF-8"
    /// More nested arrays and objects than the depth limit allows.
    case tooDeep = "nested too deeply"
  }

  /// What is wrong.
  public let reason: Reason
  /// The offset in bytes of the offending byte, or of the string's first byte for `invalidUTF8`.
  public let offset: Int

  /// An error at an offset in bytes from the start of the text.
  public init(_ reason: Reason, offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  /// The reason and the offset as text.
  public var description: String { "invalid JSON: \(reason.rawValue) at byte \(offset)" }
}
