import MartletWire
import MartletZeroMQ

/// The objects that hold the replies of engines, each of which serves the next one when it is not needed any more.
struct ReplyPool {
  /// The latest reply, reused for the next one unless somebody keeps it.
  private var latest: HeldMessage?
  /// Replies that waited for the journal and were sent.
  private var spare: [HeldMessage] = []

  private static let limit = 64

  /// Takes the frames of a reply.
  mutating func hold(_ message: inout Multipart, _ layout: MessageLayout, _ sender: ReplySender) -> HeldMessage {
    if isKnownUniquelyReferenced(&latest), let latest {
      latest.reuse(taking: &message, layout: layout, sender: sender)
      return latest
    }
    if let spare = spare.popLast() {
      spare.reuse(taking: &message, layout: layout, sender: sender)
      latest = spare
      return spare
    }
    let new = HeldMessage(taking: &message, layout: layout, sender: sender)
    latest = new
    return new
  }

  /// Keeps a reply that waited and was sent, to be used for another.
  mutating func recycle(_ reply: HeldMessage) {
    if spare.count < Self.limit { spare.append(reply) }
  }
}
