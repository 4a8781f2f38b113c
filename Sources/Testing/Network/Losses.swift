import MartletWire
import MartletZeroMQ

/// Messages that are to be lost. A value.
struct Losses {
  /// What a message is.
  enum Kind: Sendable, Hashable {
    /// A request to run a function or code, to an engine.
    case task
    /// The reply to one, from an engine.
    case result

    /// The kind of a type of messages; `nil` for those that are never lost.
    init?(_ type: String) {
      switch type {
      case MessageType.applyRequest, MessageType.executeRequest: self = .task
      case MessageType.applyReply, MessageType.executeReply: self = .result
      default: return nil
      }
    }

    /// The kind of a message; `nil` for those that are never lost.
    init?(of message: borrowing Multipart) {
      guard let layout = try? MessageLayout(of: message),
        let header = try? MessageHeader(scanning: message.bytes(at: layout.header))
      else { return nil }
      self.init(header.messageType)
    }
  }

  private var ordered: [(kind: Kind, engine: String?)] = []

  /// The next message of a kind is to be lost.
  ///
  /// - Parameter engine: the uuid of the engine that it goes to or comes from; `nil` for any.
  mutating func add(_ kind: Kind, engine: String?) { ordered.append((kind, engine)) }

  /// Whether a message gets lost, and with it the order that it should.
  mutating func take(_ kind: Kind, engine: String) -> Bool {
    guard let index = ordered.firstIndex(where: { $0.kind == kind && $0.engine ?? engine == engine }) else {
      return false
    }
    ordered.remove(at: index)
    return true
  }
}
