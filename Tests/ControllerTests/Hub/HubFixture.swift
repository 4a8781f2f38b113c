import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// A hub without sockets, fed with messages directly, and a store that answers at once.
struct HubFixture: ~Copyable {
  /// An answer of the hub.
  struct Reply {
    let identity: String
    let type: String
    let content: JSONValue
    let buffers: [Bytes]

    subscript(key: String) -> JSONValue? { content[key] }
    var ename: String? { content["ename"]?.stringValue }
  }

  static let timeout = Duration.seconds(30)

  var state: HubState
  var session: Session
  var now = Moment.now
  let store: any TaskStore
  /// Whether queries to the store stay among the actions instead of being answered.
  var holdsQuestions = false
  /// The number of ids the fixture has created.
  private var madeIDs = 0

  init(store: any TaskStore = MemoryTaskStore()) throws {
    state = HubState(
      configuration: .init(
        registrationTimeout: Self.timeout, heartbeatPeriod: .seconds(3), engineInfo: ["mux": 1]))
    self.store = store
    session = try Session(id: "client", key: "")
  }

  /// The actions since the last call.
  mutating func drain() -> [HubAction] {
    var actions: [HubAction] = []
    post()
    while let action = state.nextAction() {
      if case .ask(let query, let id) = action, !holdsQuestions {
        answer(id, Result { () throws(TaskStoreError) in try store.answer(query) })
      } else {
        actions.append(action)
      }
    }
    return actions
  }

  /// Performs the writes that the hub has posted.
  mutating func post() {
    for write in state.writes {
      do {
        try store.perform(write)
      } catch {
        #expect(error.code == .notFound, "\(error)")
      }
    }
    state.writes = []
  }

  /// Passes the store's answer to a query to the hub.
  mutating func answer(_ id: Int, _ answer: Result<TaskStoreAnswer, TaskStoreError>) {
    var made = madeIDs
    state.storeAnswered(id, answer, at: now) {
      made += 1
      return "new-\(made)"
    }
    madeIDs = made
    post()
  }

  // MARK: - Requests

  func message(_ type: String, _ content: String, id: String = "request") throws -> Message {
    var frames = Multipart()
    frames.append(Bytes("peer"))
    frames.append(Bytes("outer"))
    session.append(to: &frames, header: session.header(type: type, id: id), content: Array(content.utf8))
    let layout = try MessageLayout(of: frames)
    let header = try MessageHeader(scanning: frames.bytes(at: layout.header))
    return Message(SharedFrames(taking: &frames), layout: layout, header: header)
  }

  /// Sends a request. Returns the first answer and the hub's other actions.
  mutating func ask(
    _ type: String, _ content: JSONValue = [:], of role: ConnectionInfo.Kind? = nil
  ) throws -> (reply: Reply?, rest: [HubAction]) {
    try ask(type, raw: content.bytes.string, of: role)
  }

  mutating func ask(
    _ type: String, raw content: String, of role: ConnectionInfo.Kind? = nil
  ) throws -> (reply: Reply?, rest: [HubAction]) {
    state.request(try message(type, content), of: role, at: now)
    var reply: Reply?
    var rest: [HubAction] = []
    for action in drain() {
      if case .reply(let identities, let type, _, let content, let buffers) = action, reply == nil {
        reply = Reply(
          identity: identities.map(\.string).joined(separator: ","), type: type, content: content, buffers: buffers)
      } else {
        rest.append(action)
      }
    }
    return (reply, rest)
  }

  /// Registers engines: each sends a request and beats.
  mutating func register(_ uuids: String...) throws {
    for uuid in uuids {
      _ = try ask("registration_request", ["uuid": .string(uuid)])
      state.monitor(.heartsStarted([uuid]), at: now)
      post()
    }
    _ = drain()
  }

  mutating func pass(_ duration: Duration) {
    now.instant += duration
    state.advance(to: now)
    post()
  }

  // MARK: - Traffic

  func message(
    _ type: String, id: String, parent: String? = nil, metadata: JSONValue = [:], content: JSONValue = [:],
    buffers: [Bytes] = []
  ) throws -> HeldMessage {
    var frames = Multipart()
    frames.append(Bytes("peer"))
    session.append(
      to: &frames, header: session.header(type: type, id: id),
      parent: parent.map { JSONValue.object(["msg_id": .string($0)]).bytes }, metadata: metadata.bytes.array,
      content: content.bytes.array, buffers: buffers)
    return HeldMessage(taking: &frames, layout: try MessageLayout(of: frames), messageType: type)
  }

  /// The part of a message that a relay keeps.
  func recorded(
    _ type: String, id: String, parent: String? = nil, metadata: JSONValue = [:], content: JSONValue = [:],
    buffers: [Bytes] = []
  ) throws -> RecordedMessage {
    let message = try message(type, id: id, parent: parent, metadata: metadata, content: content, buffers: buffers)
    return RecordedMessage(message.frames, layout: message.layout, keepsParent: true)
  }

  /// Reports a request to an engine, or to the task scheduler if `engine` is nil.
  mutating func request(_ id: String, to engine: String? = nil, label: String? = nil, buffers: [Bytes] = []) throws {
    let metadata: JSONValue = label.map { ["label": .string($0)] } ?? [:]
    let message = try recorded("apply_request", id: id, metadata: metadata, buffers: buffers)
    state.monitor(.requested(taskID: id, engine == nil ? .task : .mux, engine: engine, size: 1, message), at: now)
    post()
  }

  mutating func dispatch(_ id: String, to engine: String) {
    state.monitor(.dispatched(taskID: id, engine: engine), at: now)
    post()
  }

  mutating func answer(_ id: String, from engine: String?, status: String = "ok", buffers: [Bytes] = []) throws {
    var metadata: [String: JSONValue] = ["status": .string(status)]
    if let engine { metadata["engine"] = .string(engine) }
    let message = try recorded(
      "apply_reply", id: "reply-\(id)", parent: id, metadata: .object(metadata), content: ["status": "ok"],
      buffers: buffers)
    let sender = ReplySender(engine: engine, isAborted: status == "aborted")
    state.monitor(.replied(taskID: id, sender, message), at: now)
    post()
  }

  mutating func publish(_ type: String, parent: String?, content: JSONValue, session other: String? = nil) throws {
    let message = try recorded(type, id: "io", parent: parent, content: content)
    state.monitor(.published(type: type, session: other ?? session.id, message), at: now)
    post()
  }
}

extension HubAction {
  /// The type of a notification and the id of its engine.
  var notification: String? {
    guard case .notify(let type, _, let content) = self else { return nil }
    return "\(type) \(content["id"]?.intValue.map(String.init) ?? "")"
  }

  /// The kind of action without its data, for comparing the order of actions.
  var kind: String {
    switch self {
    case .reply(_, let type, _, _, _): type
    case .notify(let type, _, _): type
    case .engineRegistered(let uuid, _, _): "registered \(uuid)"
    case .engineRestored(let uuid, _): "restored \(uuid)"
    case .engineReturned(let uuid, _, _, let tasks):
      "returned \(uuid) \(tasks?.map { "\($0):\($1)" }.sorted() ?? ["?"])"
    case .engineRetires(let uuid): "retires \(uuid)"
    case .engineUnregistered(let uuid, .ended(let reason)): "unregistered \(uuid): \(reason)"
    case .engineUnregistered(let uuid, _): "unregistered \(uuid)"
    case .awaitHeart(let uuid): "await \(uuid)"
    case .watchHeart(let uuid): "watch \(uuid)"
    case .watchStrayHeart(let uuid): "stray \(uuid)"
    case .order(let order, let uuid): "\(order.messageType) \(uuid)"
    case .saveEngines: "save"
    case .ask: "ask"
    case .explain(let id, _): "explain \(id)"
    case .countBacklog: "count backlog"
    case .resubmit: "resubmit"
    case .startDask(let arguments, let number): "start dask \(number) \(arguments.bytes.string)"
    case .stopDask: "stop dask"
    case .shutDown: "shut down"
    case .log: "log"
    }
  }
}
