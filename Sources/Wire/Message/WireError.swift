/// The reason for rejecting a received message.
public struct WireError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of rejection, by which they are logged and counted.
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// No `<IDS|MSG>` frame, or fewer than signature, header, parent, metadata and content after it.
    case malformedFrames
    /// The signature doesn't match the frames, or is missing although there is a key.
    case badSignature
    /// A message with this signature was seen before.
    case replayed
    /// A header, metadata or content frame is not a JSON object, or lacks a required field.
    case malformedJSON
    /// The message is well formed, but its type or target is unknown.
    case unknown
    /// More frames or bytes than the receiver accepts.
    case oversized
  }

  /// The kind of rejection.
  public let code: Code
  /// What exactly is wrong, for the log.
  public let reason: String

  /// A rejection with its reason.
  public init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  public var description: String { "\(code.rawValue): \(reason)" }
}
