import MartletWire
import MartletZeroMQ

/// The recorded part of a relayed message: its raw frames without identities and signature, in one allocation. They are
/// parsed on demand.
package struct RecordedMessage: Sendable {
  private let frames: PackedFrames
  /// When the message was relayed.
  package let received: Timestamp

  /// Copies a message that is about to be relayed.
  ///
  /// - Parameter keepsParent: whether the parent header is needed. It is left out otherwise.
  init(_ message: borrowing Multipart, layout: MessageLayout, keepsParent: Bool = false) {
    frames = PackedFrames(
      copying: message, from: layout.header, omitting: keepsParent ? nil : layout.parentHeader)
    received = .now
  }

  /// The header: a JSON object.
  package var header: Bytes { frames[0] }
  /// The parent header: a JSON object, or empty if it was left out.
  var parentHeader: Bytes { frames[1] }
  /// The metadata: a JSON object.
  package var metadata: Bytes { frames[2] }
  /// The content: a JSON object.
  package var content: Bytes { frames[3] }
  /// The buffers.
  package var buffers: [Bytes] { frames.frames(from: 4) }
  /// The sum of the buffers' sizes.
  package var bufferBytes: Int { frames.size(from: 4) }
  /// The memory it takes, including large buffers, in bytes.
  var byteCount: Int { frames.byteCount }

  /// When the sender created the message; if the header has no date, when it was relayed.
  package var date: Timestamp { fields?.date ?? received }
  /// The session of the sender.
  package var session: String { fields?.session ?? "" }

  private var fields: MessageHeader? { header.withSpan { try? MessageHeader(scanning: $0, includingOrigin: true) } }

  /// A text in the metadata; nil if it is missing or not a text.
  func metadataText(_ name: StaticString) -> String? {
    var text: String?
    metadata.withSpan { span in
      try? JSONFields.scan(span) { key, value throws(WireError) in
        if key == name { text = try JSONText.optionalString(span, at: value) }
      }
    }
    return text
  }
}
