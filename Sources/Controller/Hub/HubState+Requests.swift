import MartletWire
import MartletZeroMQ

/// Requests of clients and engines on the registration socket.
extension HubState {
  /// Handles a request.
  ///
  /// - Parameter role: the role of the sender's key, where keys are admitted by name; `nil` if everybody may ask
  ///   everything.
  mutating func request(_ request: Message, of role: ConnectionInfo.Kind? = nil, at now: Moment) {
    let asker = Asker(request)
    do throws(HubError) {
      try checkRole(role, asker.type)
      let content: JSONValue
      do {
        content = try request.content()
      } catch {
        throw HubError(error)
      }
      try answer(asker, content, at: now)
    } catch {
      fail(asker, error)
    }
  }

  /// The requests that engines make, and nobody else.
  private static let engineRequests: Set<String> = [
    MessageType.registrationRequest, MessageType.unregistrationRequest, MessageType.retirementRequest,
  ]

  private func checkRole(_ role: ConnectionInfo.Kind?, _ type: String) throws(HubError) {
    guard let role, (role == .engine) != Self.engineRequests.contains(type) else { return }
    throw HubError(
      ename: "PermissionError", evalue: "a key for \(role == .engine ? "engines" : "clients") does not allow a \(type)")
  }

  private mutating func answer(_ asker: Asker, _ content: JSONValue, at now: Moment) throws(HubError) {
    switch asker.type {
    case MessageType.registrationRequest: try register(asker, content, at: now)
    case MessageType.unregistrationRequest: try unregister(content, at: now)
    case MessageType.retirementRequest: try retire(asker, content)
    case MessageType.connectionRequest: connection(asker)
    case MessageType.queueRequest: try queueStatus(asker, content)
    case MessageType.loadRequest: try load(asker, content)
    case MessageType.whyRequest:
      guard let id = content["msg_id"]?.stringValue else { throw .value("a why_request needs 'msg_id', a str") }
      act(.explain(taskID: id, asker))
    case MessageType.backlogRequest: try countBacklog(asker, content)
    case MessageType.resultRequest: try results(asker, content)
    case MessageType.historyRequest: try ask(.history, asker, for: .history)
    case MessageType.databaseRequest: try database(asker, content)
    case MessageType.purgeRequest: try purge(asker, content)
    case MessageType.resubmitRequest: try resubmit(asker, content)
    case MessageType.shutdownRequest:
      reply(asker, MessageType.shutdownReply, ["status": "ok"])
      act(.notify(type: MessageType.shutdownNotification, parent: asker.header, content: ["status": "ok"]))
      beginShutDown(at: now)
    case MessageType.becomeDaskRequest: try becomeDask(asker, content)
    case MessageType.stopDistributedRequest: stopDask(asker)
    default: throw .key("Bad Message Type: \(asker.type)")
    }
  }

  private mutating func connection(_ asker: Asker) {
    var uuids: [String: JSONValue] = [:]
    for engine in engines.engines.values { uuids[String(engine.id)] = .string(engine.uuid) }
    var answer: [String: JSONValue] = [
      "status": "ok", "engines": .object(uuids), "instance": .string(configuration.instance),
    ]
    if configuration.hasJournal { answer["journal"] = true }
    reply(asker, MessageType.connectionReply, .object(answer))
  }

  /// The task scheduler has said where a task is.
  ///
  /// - Parameter text: `nil` if it doesn't know the task.
  mutating func explained(_ id: String, _ text: String?, to asker: Asker) {
    let direct = "it is a direct request or a broadcast, which its engines run in the order in which they get such"
    guard let text = text ?? (requests.isPending(id) ? direct : nil) else {
      return fail(asker, .key("No such task: \(id)"))
    }
    reply(asker, MessageType.whyReply, ["status": "ok", "why": .string(text)])
  }

  // MARK: - Queues

  private mutating func countBacklog(_ asker: Asker, _ content: JSONValue) throws(HubError) {
    let (offer, time): (Resources, Duration?)
    do throws(WireError) {
      offer = try content["resources"].map { (json) throws(WireError) in try Resources(json: json, "resources") } ?? [:]
      time = try TaskTimeLimit.time(content["time_left"] ?? .null, "time_left")
    } catch {
      throw .value(error.reason)
    }
    act(.countBacklog(offer, time: time, asker))
  }

  /// The task scheduler has counted the tasks that another engine could take.
  mutating func counted(_ backlog: TaskBacklog, to asker: Asker) {
    reply(
      asker, MessageType.backlogReply,
      ["status": "ok", "queued": .int(backlog.queued), "unmet": .int(backlog.unmet)])
  }

  private mutating func queueStatus(_ asker: Asker, _ content: JSONValue) throws(HubError) {
    let isVerbose = content["verbose"]?.boolValue ?? false
    var answer: [String: JSONValue] = ["status": "ok"]
    for id in try targets(content["targets"]) {
      let work = engines[workOf: id]
      answer[String(id)] = [
        "queue": isVerbose ? Self.list(requests.ids(in: work.queue)) : .int(work.queue.count),
        "completed": isVerbose ? Self.list(work.completed) : .int(work.completedCount),
        "tasks": isVerbose ? Self.list(requests.ids(in: work.tasks)) : .int(work.tasks.count),
      ]
    }
    answer["unassigned"] =
      isVerbose ? Self.list(requests.ids(in: requests.unassigned)) : .int(requests.unassigned.count)
    reply(asker, MessageType.queueReply, .object(answer))
  }

  private mutating func load(_ asker: Asker, _ content: JSONValue) throws(HubError) {
    var answer: [String: JSONValue] = ["status": "ok"]
    for id in try targets(content["targets"]) {
      let work = engines[workOf: id]
      answer[String(id)] = .int(work.queue.count + work.tasks.count)
    }
    reply(asker, MessageType.loadReply, .object(answer))
  }

  static func list(_ ids: some Sequence<String>) -> JSONValue { .array(ids.map { .string($0) }) }

  /// The engine ids in `targets`: null for all, one id or uuid, or a list of them.
  private func targets(_ value: JSONValue?) throws(HubError) -> [Int] {
    let all = engines.work.keys.sorted()
    let named: [JSONValue]
    switch value {
    case nil, .null?: return all
    case .array(let list)?: named = list
    case let single?: named = [single]
    }
    var ids: [Int] = []
    for target in named {
      let id = target.intValue ?? target.stringValue.flatMap { engines.id(of: $0) }
      guard let id, engines.work[id] != nil else {
        throw .index("No Such Engine: \(target.bytes.string), the ids are \(all)")
      }
      ids.append(id)
    }
    guard !ids.isEmpty else { throw .index("No Engines Registered") }
    return ids
  }
}
