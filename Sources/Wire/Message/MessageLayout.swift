import MartletZeroMQ

/// The positions of a message's parts among its frames:
/// `[identities…, "<IDS|MSG>", signature, header, parent_header, metadata, content, buffers…]`.
public struct MessageLayout: Sendable, Hashable {
  /// Index of the delimiter frame; also the number of identities before it.
  public let delimiter: Int

  /// The delimiter between identities and message.
  public static let delimiterBytes = Bytes("<IDS|MSG>")
  static let delimiterText: StaticString = "<IDS|MSG>"

  /// How many frames are searched for the delimiter; no route of Martlet needs as many identities.
  package static let identityLimit = 16

  /// Index of the signature frame.
  public var signature: Int { delimiter + 1 }
  /// Index of the header frame.
  public var header: Int { delimiter + 2 }
  /// Index of the parent header frame.
  public var parentHeader: Int { delimiter + 3 }
  /// Index of the metadata frame.
  public var metadata: Int { delimiter + 4 }
  /// Index of the content frame.
  public var content: Int { delimiter + 5 }
  /// Index of the first buffer, if there is one.
  public var firstBuffer: Int { delimiter + 6 }

  /// Finds the parts of a message.
  ///
  /// - Parameter allowsDroppedFrames: whether buffers may be missing.
  /// - Throws: ``WireError/Code/malformedFrames`` when the delimiter or one of the five frames after it is missing,
  ///   ``WireError/Code/oversized`` when the message came with more than ``Multipart/frameLimit`` frames.
  public init(of message: borrowing Multipart, allowsDroppedFrames: Bool = false) throws(WireError) {
    guard message.droppedFrames == 0 || allowsDroppedFrames else {
      throw WireError(.oversized, "\(message.count + message.droppedFrames) frames, \(message.count) are the limit")
    }
    let limit = min(message.count, Self.identityLimit)
    var index = 0
    while index < limit {
      if message.frame(index, equals: Self.delimiterText) {
        guard message.count >= index + 6 else {
          throw WireError(
            .malformedFrames, "\(message.count - index - 1) frames after the delimiter, at least 5 needed")
        }
        delimiter = index
        return
      }
      index += 1
    }
    throw WireError(.malformedFrames, "no <IDS|MSG> delimiter among \(message.count) frames")
  }

  /// The layout after a number of identities were prepended, or removed if it is negative.
  public func shifted(by identities: Int) -> MessageLayout {
    MessageLayout(delimiter: delimiter + min(max(identities, -delimiter), Multipart.frameLimit))
  }

  private init(delimiter: Int) { self.delimiter = delimiter }
}
