import MartletZeroMQ

/// Reads fields of a message that is passed on.
///
/// These are methods of the message, because a caller that takes a span of a stored message pays for an access that lasts
/// as long as the span, and for an allocation.
extension Multipart {
  /// The fields of the header, see ``MessageHeader/init(scanning:includingOrigin:)``.
  public borrowing func header(
    _ layout: MessageLayout, includingOrigin: Bool = false
  ) throws(WireError) -> MessageHeader {
    try MessageHeader(scanning: bytes(at: layout.header), includingOrigin: includingOrigin)
  }

  /// The id of the message that this one answers or refers to; `nil` if there is none.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  public borrowing func parentID(_ layout: MessageLayout) throws(WireError) -> String? {
    try MessageHeader.messageID(scanning: bytes(at: layout.parentHeader))
  }

  /// Checks that a frame is UTF-8.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  public borrowing func checkText(at index: Int) throws(WireError) {
    guard bytes(at: index).isUTF8 else { throw WireError(.malformedJSON, "frame \(index) is not UTF-8") }
  }

  /// Checks that a frame is a JSON object.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  public borrowing func checkObject(at index: Int) throws(WireError) {
    try JSONFields.scan(bytes(at: index)) { _, _ throws(WireError) in }
  }
}
