/// Why a text is not JSON, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What the parser found wrong.
  public enum Reason: String, Sendable, Hashable {
    /// The text ends inside a value.
    case unexpectedEnd = "unexpected end of text"
    /// A byte that cannot stand here.
    case unexpectedByte = "unexpected byte"
    /// Something other than white space follows the value.
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
  /// Offset in bytes from the start of the text: of the offending byte, or for `invalidUTF8` of the string's first byte.
  public let offset: Int

  /// An error found at `offset` bytes from the start of the text.
  public init(_ reason: Reason, offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  /// The reason and the offset in words.
  public var description: String { "invalid JSON: \(reason.rawValue) at byte \(offset)" }
}
