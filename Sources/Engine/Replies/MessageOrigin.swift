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

  /// Metadata with the engine's uuid added.
  ///
  /// - Parameter fields: a JSON object; empty for none.
  func metadata(adding fields: [UInt8]) -> [UInt8] {
    guard let start = fields.firstIndex(of: 0x7B), fields[(start + 1)...].contains(0x3A) else { return metadata }
    return metadata.dropLast() + [0x2C] + fields[(start + 1)...]
  }

  /// The topic frame of an IOPub message, by which subscribers filter.
  ///
  /// - Parameter topic: what follows `engine.<id>.`, usually the message type.
  func topic(_ topic: String) -> Bytes {
    topic == MessageType.status ? statusTopic : Bytes("engine.\(id).\(topic)")
  }
}
