import MartletWire
import MartletZeroMQ

/// What is kept of a message that passed: its frames without identities and signature, in one piece of memory, as they
/// came. They are read when somebody asks.
package struct RecordedMessage: Sendable {
  private let frames: PackedFrames
  /// When it passed.
  package let received: Timestamp

  /// Copies a message that is about to be passed on.
  ///
  /// - Parameter keepsParent: whether anybody will ask for the parent header, which is left out otherwise.
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
  /// How much memory it takes, large buffers included.
  var byteCount: Int { frames.byteCount }

  /// When the sender made the message, or, if it did not say, when it passed.
  package var date: Timestamp { fields?.date ?? received }
  /// The session of the sender.
  package var session: String { fields?.session ?? "" }

  private var fields: MessageHeader? { header.withSpan { try? MessageHeader(scanning: $0, includingOrigin: true) } }

  /// A text in the metadata; nil if it isn't there or no text.
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
