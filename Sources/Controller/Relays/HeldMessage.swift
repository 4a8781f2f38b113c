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
  }

  /// Appends all frames to a message, sharing their memory.
  func append(to message: inout Multipart) {
    for index in 0..<frames.count { message.append(sharing: frames, index) }
  }

  /// Appends the identities to a message.
  func appendIdentities(to message: inout Multipart) {
    for index in 0..<layout.delimiter { message.append(sharing: frames, index) }
  }
}
