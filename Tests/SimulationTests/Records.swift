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

  // MARK: - For the journal

  /// A task as the scheduler holds it.
  func message(_ task: Int, copy: Int) throws -> HeldMessage {
    var frames = Multipart()
    frames.append(Bytes("client"))
    let content: JSONValue = ["task": .int(task), "copy": .int(copy)]
    session.append(
      to: &frames, header: session.header(type: MessageType.applyRequest, id: Scenario.id(task)),
      content: content.bytes.array)
    return HeldMessage(
      taking: &frames, layout: try MessageLayout(of: frames), messageType: MessageType.applyRequest)
  }

  /// A task as the journal has it.
  func message(_ frames: [Bytes], number: UInt64) throws -> HeldMessage {
    var message = Multipart()
    for frame in frames { message.append(frame) }
    let held = HeldMessage(
      taking: &message, layout: try MessageLayout(of: message), messageType: MessageType.applyRequest)
    held.journalNumber = number
    return held
  }

  /// Which task that is, and how often its client had sent it before.
  func task(in content: Bytes) -> (task: Int, copy: Int)? {
    guard let content = try? JSONValue.parse(content), let task = content["task"]?.intValue,
      let copy = content["copy"]?.intValue
    else { return nil }
    return (task, copy)
  }

  /// A reply as the scheduler holds it.
  func message(_ answer: Answer, of id: String) throws -> HeldMessage {
    answers.append(answer)
    var frames = Multipart()
    frames.append(Bytes("client"))
    let content: JSONValue = ["status": "ok", "answer": .int(answers.count - 1)]
    session.append(
      to: &frames, header: session.header(type: "apply_reply", id: "reply to \(id)"), content: content.bytes.array)
    return HeldMessage(taking: &frames, layout: try MessageLayout(of: frames))
  }

  /// The answer in a reply.
  func answer(in content: Bytes) -> Answer? {
    guard let number = (try? JSONValue.parse(content))?["answer"]?.intValue, answers.indices.contains(number) else {
      return nil
    }
    return answers[number]
  }

  // MARK: - For the hub

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
