import MartletWire
import MartletZeroMQ

@testable import MartletController

/// Readers of whole messages.
enum Messages {
  private static let key = "key"

  /// The first byte says whether the frames behind the delimiter are signed anew, so that the rest is reached.
  static func relay(_ input: [UInt8]) {
    guard let first = input.first else { return }
    var frames = Multipart()
    for frame in Readers.split(Array(input.dropFirst())) { frames.append(frame) }
    guard !frames.isEmpty, var session = try? Session(key: key) else { return }
    if first & 1 == 1, let layout = try? MessageLayout(of: frames) { session.resign(&frames, layout: layout) }
    guard let layout = try? session.verify(frames, allowsDroppedFrames: true) else { return }
    _ = try? frames.header(layout, includingOrigin: true)
    _ = try? frames.parentID(layout)
    for frame in layout.header...layout.content {
      _ = try? frames.checkText(at: frame)
      _ = try? frames.checkObject(at: frame)
    }
    var lists = TargetLists()
    _ = try? TaskMetadata(of: frames, layout, &lists)
    _ = try? ReplyMetadata(of: frames, layout)
    let record = RecordedMessage(frames, layout: layout, keepsParent: true)
    _ = (record.date, record.session, record.buffers.count, record.metadataText("label"))
  }

  private static let types = [
    MessageType.registrationRequest, MessageType.unregistrationRequest, MessageType.connectionRequest,
    MessageType.queueRequest, MessageType.whyRequest, MessageType.backlogRequest, MessageType.loadRequest,
    MessageType.resultRequest,
    MessageType.historyRequest,
    MessageType.databaseRequest, MessageType.purgeRequest, MessageType.resubmitRequest, MessageType.becomeDaskRequest,
    MessageType.stopDistributedRequest, "no_such_request",
  ]

  /// The first byte chooses the type of the request, the rest is its content.
  static func hub(_ input: [UInt8]) {
    guard let first = input.first,
      let message = message(types[Int(first) % types.count], Array(input.dropFirst()))
    else { return }
    var hub = HubState(configuration: .init(registrationTimeout: .seconds(30), heartbeatPeriod: .seconds(3)))
    let store = MemoryTaskStore()
    let now = Moment.now
    _ = try? hub.engines.accept(uuid: "engine", requestedID: nil, deadline: now.instant)
    hub.heartStarted("engine", at: now)
    hub.monitor(.requested(taskID: "task", .task, engine: nil, size: 1, recordedTask()), at: now)
    hub.monitor(.dispatched(taskID: "task", engine: "engine"), at: now)
    hub.request(message, at: now)
    settle(&hub, store, now)
    hub.monitor(.replied(taskID: "task", ReplySender(engine: "engine"), recordedTask()), at: now)
    hub.request(message, at: now)
    settle(&hub, store, now)
  }

  private static func settle(_ hub: inout HubState, _ store: MemoryTaskStore, _ now: Moment) {
    while true {
      for write in hub.writes { try? store.perform(write) }
      hub.writes = []
      guard let action = hub.nextAction() else { return }
      switch action {
      case .ask(let query, let id):
        let answer = Result { () throws(TaskStoreError) in try store.answer(query) }
        hub.storeAnswered(id, answer, at: now) { "new" }
      case .reply(_, _, _, let content, _), .notify(_, _, let content):
        precondition((try? JSONValue.parse(content.bytes)) != nil, "an answer that can't be read")
      default: break
      }
    }
  }

  private static func frames(_ type: String, _ content: [UInt8]) -> Multipart {
    var frames = Multipart()
    frames.append(Bytes("peer"))
    if var session = try? Session(key: "") {
      session.append(to: &frames, type: type, id: "task", content: content)
    }
    return frames
  }

  private static func message(_ type: String, _ content: [UInt8]) -> Message? {
    var frames = frames(type, content)
    guard let layout = try? MessageLayout(of: frames), let header = try? frames.header(layout) else { return nil }
    return Message(SharedFrames(taking: &frames), layout: layout, header: header)
  }

  private static func recordedTask() -> RecordedMessage? {
    let frames = frames(MessageType.applyRequest, [])
    return (try? MessageLayout(of: frames)).map { RecordedMessage(frames, layout: $0) }
  }
}
