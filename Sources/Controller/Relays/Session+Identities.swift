import MartletWire
import MartletZeroMQ

extension Session {
  /// Verifies a message that has to carry routing identities in front.
  ///
  /// - Throws: as ``verify(_:detectReplays:allowsDroppedFrames:)``, and ``WireError/Code/malformedFrames`` for fewer identities.
  mutating func verify(
    _ message: borrowing Multipart, identities: Int, allowsDroppedFrames: Bool = false
  ) throws(WireError) -> MessageLayout {
    let layout = try verify(message, allowsDroppedFrames: allowsDroppedFrames)
    guard layout.delimiter >= identities else {
      throw WireError(.malformedFrames, "\(layout.delimiter) identities in front, not \(identities)")
    }
    return layout
  }
}
