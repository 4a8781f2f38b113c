import MartletWire
import MartletZeroMQ

/// The engine's name in the messages it sends, encoded once.
struct MessageOrigin: Sendable {
  let id: Int
  /// `{"engine": uuid}`, the metadata of every message except replies.
  let metadata: [UInt8]
  private let statusTopic: Bytes

  init(id: Int, uuid: String) {
    self.id = id
    metadata = JSONValue.object(["engine": .string(uuid)]).bytes.array
    statusTopic = Bytes("engine.\(id).\(MessageType.status)")
  }

  /// The topic frame of an IOPub message, by which subscribers filter.
  ///
  /// - Parameter topic: what follows `engine.<id>.`, usually the message type.
  func topic(_ topic: String) -> Bytes {
    topic == MessageType.status ? statusTopic : Bytes("engine.\(id).\(topic)")
  }
}
