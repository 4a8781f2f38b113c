import MartletWire
import MartletZeroMQ

/// A message in the hands of a scheduler or relay, verified: its frames stay until it can be sent, and again if it has to
/// be sent to another engine.
final class HeldMessage {
  /// The frames, identities included.
  var frames: Multipart
  private(set) var layout: MessageLayout
  /// Of a request: the header's `msg_type`.
  let messageType: String
  /// Of a reply: who sent it.
  private(set) var sender: ReplySender

  /// Takes a message over, leaving an empty one.
  init(
    taking message: inout Multipart, layout: MessageLayout, messageType: String = "", sender: ReplySender = .init()
  ) {
    frames = Multipart()
    swap(&frames, &message)
    self.layout = layout
    self.messageType = messageType
    self.sender = sender
  }

  /// Takes another reply over, once the one before is of no more use.
  func reuse(taking message: inout Multipart, layout: MessageLayout, sender: ReplySender) {
    frames.removeAll()
    swap(&frames, &message)
    self.layout = layout
    self.sender = sender
  }
}
