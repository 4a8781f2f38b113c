import MartletWire
import MartletZeroMQ

@testable import MartletController

/// Makes the messages that the hub reads: requests, and what it records of tasks and replies.
final class Records {
  private var session: Session
  /// The answers in the recorded replies, which name them by their positions.
  private(set) var answers: [Answer] = []

  init() throws { session = try Session(id: "simulation", key: "") }

  /// A request to the hub.
  func request(_ type: String, id: String, _ content: JSONValue, from name: String) throws -> Message {
    var frames = Multipart()
    frames.append(Bytes(name))
    session.append(to: &frames, header: session.header(type: type, id: id), content: content.bytes.array)
    let layout = try MessageLayout(of: frames)
    let header = try MessageHeader(scanning: frames.bytes(at: layout.header))
    return Message(SharedFrames(taking: &frames), layout: layout, header: header)
  }

  /// The record of a task.
  func task(_ id: String) throws -> RecordedMessage {
    try recorded(MessageType.applyRequest, id: id, content: [:])
  }

  /// The record of a reply.
  func result(_ answer: Answer, of id: String) throws -> RecordedMessage {
    answers.append(answer)
    return try recorded(
      "apply_reply", id: "reply to \(id)", content: ["status": "ok", "answer": .int(answers.count - 1)])
  }

  private func recorded(_ type: String, id: String, content: JSONValue) throws -> RecordedMessage {
    var frames = Multipart()
    frames.append(Bytes("peer"))
    session.append(
      to: &frames, header: session.header(type: type, id: id), content: content.bytes.array)
    return RecordedMessage(frames, layout: try MessageLayout(of: frames))
  }
}
