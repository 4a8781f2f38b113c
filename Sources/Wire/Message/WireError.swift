/// Why a message from the wire was refused.
public struct WireError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of refusal; logs and counters are kept by these.
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// No `<IDS|MSG>` frame, or fewer than signature, header, parent, metadata and content after it.
    case malformedFrames
    /// The signature doesn't fit the frames, or there is none although a key is in use.
    case badSignature
    /// A message with this signature was seen before.
    case replayed
    /// A header, metadata or content frame is no JSON object, or lacks a field that is needed.
    case malformedJSON
    /// Well formed, but of a type or for a target that isn't known here.
    case unknown
    /// More frames or bytes than the receiver accepts.
    case oversized
  }

  /// What kind of refusal.
  public let code: Code
  /// What exactly was wrong, for the log.
  public let reason: String

  /// A refusal with its reason.
  public init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  public var description: String { "\(code.rawValue): \(reason)" }
}
