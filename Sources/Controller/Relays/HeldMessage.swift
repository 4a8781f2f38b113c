import MartletWire
import MartletZeroMQ

/// A verified message that a scheduler or relay keeps until it can be sent, possibly more than once.
final class HeldMessage {
  /// The frames, identities included.
  var frames: Multipart
  private(set) var layout: MessageLayout
  /// The header's `msg_type`; set for requests only.
  let messageType: String
  /// The peer that sent it; set for replies only.
  private(set) var sender: ReplySender
  /// The task's number in the journal, of which the message is the request or the reply; 0 if it has none.
  var journalNumber: UInt64 = 0

  /// Takes the frames and leaves an empty message.
  init(
    taking message: inout Multipart, layout: MessageLayout, messageType: String = "", sender: ReplySender = .init()
  ) {
    frames = Multipart()
    swap(&frames, &message)
    self.layout = layout
    self.messageType = messageType
    self.sender = sender
  }

  /// Takes the frames of another reply in place of the current ones.
  func reuse(taking message: inout Multipart, layout: MessageLayout, sender: ReplySender) {
    frames.removeAll()
    swap(&frames, &message)
    self.layout = layout
    self.sender = sender
    journalNumber = 0
  }

  /// Appends all frames to a message, sharing their memory.
  func append(to message: inout Multipart) {
    for index in 0..<frames.count { message.append(sharing: frames, index) }
  }

  /// Appends the message to another, with the number of the attempt in its metadata and signed anew: a peer that has seen
  /// the message would take the same one for a replay.
  func append(to message: inout Multipart, attempt: Int, _ session: borrowing Session) {
    append(to: &message, adding: "\"attempt\":\(attempt)", session)
  }

  /// Appends the message to another, with one more field in its metadata and signed anew.
  ///
  /// - Parameter field: the key and the value, as JSON text.
  func append(to message: inout Multipart, adding field: String, _ session: borrowing Session) {
    appendIdentities(to: &message)
    session.append(
      to: &message, header: frames.shared(layout.header).array, parent: frames.shared(layout.parentHeader),
      metadata: JSONFields.adding(field, to: frames.shared(layout.metadata).array),
      content: frames.shared(layout.content).array)
    for index in layout.firstBuffer..<max(frames.count, layout.firstBuffer) { message.append(sharing: frames, index) }
  }

  /// Appends the identities to a message.
  func appendIdentities(to message: inout Multipart) {
    for index in 0..<layout.delimiter { message.append(sharing: frames, index) }
  }
}
