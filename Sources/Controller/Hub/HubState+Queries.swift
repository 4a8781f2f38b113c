import MartletWire
import MartletZeroMQ

/// Answers to what clients and engines ask on the registration socket.
extension HubState {
  /// A request arrived.
  mutating func request(_ request: Message, now: ContinuousClock.Instant) {
    let type = request.header.messageType
    do throws(HubError) {
      let content: JSONValue
      do {
        content = try request.content()
      } catch {
        throw HubError(error)
      }
      try answer(request, type, content, now: now)
    } catch {
      actions.append(.log(.requestFailed(type: type, reason: "\(error.ename): \(error.evalue)")))
      reply(request, Self.replyType[type] ?? MessageType.hubError, error.content)
    }
  }

  /// Requests whose errors come in their own reply type; errors of all others are a `hub_error`.
  private static let replyType = [
    MessageType.resultRequest: MessageType.resultReply, MessageType.historyRequest: MessageType.historyReply,
    MessageType.databaseRequest: MessageType.databaseReply, MessageType.purgeRequest: MessageType.purgeReply,
    MessageType.resubmitRequest: MessageType.resubmitReply,
  ]

  private mutating func answer(
    _ request: Message, _ type: String, _ content: JSONValue, now: ContinuousClock.Instant
  ) throws(HubError) {
    switch type {
    case MessageType.registrationRequest: try register(request, content, now: now)
    case MessageType.unregistrationRequest:
      guard let id = content["id"]?.intValue else { throw .value("an unregistration_request needs the engine's id") }
      unregister(id, now: now)
    case MessageType.connectionRequest: connection(request)
    case MessageType.queueRequest: try queueStatus(request, content)
    case MessageType.loadRequest: try load(request, content)
    case MessageType.resultRequest: try results(request, content)
    case MessageType.historyRequest: try history(request)
    case MessageType.databaseRequest: try database(request, content)
    case MessageType.purgeRequest: try purge(request, content)
    case MessageType.resubmitRequest: try resubmit(request, content)
    case MessageType.shutdownRequest:
      reply(request, MessageType.shutdownReply, ["status": "ok"])
      actions.append(
        .notify(type: MessageType.shutdownNotification, parent: request.headerBytes, content: ["status": "ok"]))
      beginShutDown(now: now)
    case "become_dask_request", "stop_distributed_request":
      throw HubError(
        ename: "NotImplementedError",
        evalue: "this controller runs no Python and can't host Dask's scheduler; start one with `dask scheduler`")
    default: throw .key("Bad Message Type: \(type)")
    }
  }

  private mutating func connection(_ request: Message) {
    var uuids: [String: JSONValue] = [:]
    for engine in engines.engines.values { uuids[String(engine.id)] = .string(engine.uuid) }
    reply(request, MessageType.connectionReply, ["status": "ok", "engines": .object(uuids)])
  }

  // MARK: - Queues

  private mutating func queueStatus(_ request: Message, _ content: JSONValue) throws(HubError) {
    let isVerbose = content["verbose"]?.boolValue ?? false
    var answer: [String: JSONValue] = ["status": "ok"]
    for id in try targets(content["targets"]) {
      let work = engines.work[id] ?? EngineTable.Work()
      answer[String(id)] = [
        "queue": isVerbose ? Self.list(requests.ids(in: work.queue)) : .int(work.queue.count),
        "completed": isVerbose ? Self.list(work.completed) : .int(work.completedCount),
        "tasks": isVerbose ? Self.list(requests.ids(in: work.tasks)) : .int(work.tasks.count),
      ]
    }
    answer["unassigned"] =
      isVerbose ? Self.list(requests.ids(in: requests.unassigned)) : .int(requests.unassigned.count)
    reply(request, MessageType.queueReply, .object(answer))
  }

  private mutating func load(_ request: Message, _ content: JSONValue) throws(HubError) {
    var answer: [String: JSONValue] = ["status": "ok"]
    for id in try targets(content["targets"]) {
      let work = engines.work[id] ?? EngineTable.Work()
      answer[String(id)] = .int(work.queue.count + work.tasks.count)
    }
    reply(request, MessageType.loadReply, .object(answer))
  }

  private static func list(_ ids: some Sequence<String>) -> JSONValue { .array(ids.map { .string($0) }) }

  /// Engine ids out of `targets`: null for all, one id or uuid, or a list of them.
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
      let id = target.intValue ?? target.stringValue.flatMap { engines.idsByUUID[$0] }
      guard let id, engines.work[id] != nil else {
        throw .index("No Such Engine: \(target.bytes.string), the ids are \(all)")
      }
      ids.append(id)
    }
    guard !ids.isEmpty else { throw .index("No Engines Registered") }
    return ids
  }

  // MARK: - Results

  private mutating func results(_ request: Message, _ content: JSONValue) throws(HubError) {
    let statusOnly = content["status_only"]?.boolValue ?? false
    let ids = Set(try Self.ids(content["msg_ids"])).sorted()
    var answer: [String: JSONValue] = ["status": "ok"]
    var waiting: [JSONValue] = []
    var done: [JSONValue] = []
    var buffers: [Bytes] = []
    for id in ids {
      if requests.isPending(id) {
        waiting.append(.string(id))
        continue
      }
      let record: TaskRecord?
      do {
        record = try store.record(id)
      } catch {
        // A store that keeps nothing can still say what is done, but has no results.
        guard statusOnly, error.code == .noData else { throw HubError(error) }
        record = nil
      }
      if let record, record.completed != nil || requests.isCompleted(id) {
        done.append(.string(id))
        guard !statusOnly else { continue }
        answer[id] = Self.result(record)
        buffers.append(contentsOf: record.resultBuffers ?? [])
      } else if record != nil {
        waiting.append(.string(id))
      } else if statusOnly, requests.isCompleted(id) {
        done.append(.string(id))
      } else {
        throw .key("No such message: \(id)")
      }
    }
    answer["pending"] = .array(waiting)
    answer["completed"] = .array(done)
    reply(request, MessageType.resultReply, .object(answer), buffers: buffers)
  }

  /// A record as `result_reply` shows it.
  private static func result(_ record: TaskRecord) -> JSONValue {
    func json(_ bytes: Bytes?) -> JSONValue { bytes.flatMap { try? JSONValue.parse($0) } ?? .null }
    return [
      "header": json(record.header), "metadata": json(record.metadata),
      "result_metadata": json(record.resultMetadata), "result_header": json(record.resultHeader),
      "result_content": json(record.resultContent), "received": record.received.map { .string($0.text) } ?? .null,
      "io": [
        "execute_input": record.executeInput.map { .string($0) } ?? .null,
        "execute_result": json(record.executeResult), "error": json(record.error),
        "stdout": .string(record.stdout), "stderr": .string(record.stderr),
      ],
    ]
  }

  private static func ids(_ value: JSONValue?) throws(HubError) -> [String] {
    if let one = value?.stringValue { return [one] }
    guard let list = value?.arrayValue else { throw .value("msg_ids must be a list of message ids") }
    let ids = list.compactMap(\.stringValue)
    guard ids.count == list.count else { throw .value("msg_ids must be a list of message ids") }
    return ids
  }

  private mutating func history(_ request: Message) throws(HubError) {
    do {
      reply(request, MessageType.historyReply, ["status": "ok", "history": Self.list(try store.history())])
    } catch {
      throw HubError(error)
    }
  }

  private mutating func database(_ request: Message, _ content: JSONValue) throws(HubError) {
    let keys = content["keys"]?.arrayValue?.compactMap(\.stringValue)
    do {
      let records = try store.find(content["query"] ?? [:], keys: keys)
      var answer: [String: JSONValue] = ["status": "ok", "buffer_lens": .null, "result_buffer_lens": .null]
      var buffers: [Bytes] = []
      let wantsBuffers = keys?.contains("buffers") ?? false
      let wantsResults = keys?.contains("result_buffers") ?? false
      for record in records {
        if wantsBuffers { buffers.append(contentsOf: record.buffers ?? []) }
        if wantsResults { buffers.append(contentsOf: record.resultBuffers ?? []) }
      }
      if wantsBuffers { answer["buffer_lens"] = .array(records.map { .int($0.buffers?.count ?? 0) }) }
      if wantsResults { answer["result_buffer_lens"] = .array(records.map { .int($0.resultBuffers?.count ?? 0) }) }
      var list: [JSONValue] = []
      for record in records { list.append(try record.json(keys: keys)) }
      answer["records"] = .array(list)
      reply(request, MessageType.databaseReply, .object(answer), buffers: buffers)
    } catch {
      throw HubError(error)
    }
  }

  // MARK: - Changes

  private mutating func purge(_ request: Message, _ content: JSONValue) throws(HubError) {
    do {
      if content["msg_ids"]?.stringValue == "all" {
        try store.drop(matching: ["completed": ["$ne": nil]])
      } else {
        let ids = try Self.ids(content["msg_ids"] ?? [])
        if let unfinished = ids.first(where: { requests.isPending($0) }) {
          throw HubError.index("msg pending: '\(unfinished)'")
        }
        try store.drop(ids)
        for target in content["engine_ids"]?.arrayValue ?? [] {
          guard let id = target.intValue, let engine = engines.engines[id] else {
            throw HubError.index("No such engine: \(target.bytes.string)")
          }
          try store.drop(matching: ["engine_uuid": .string(engine.uuid), "completed": ["$ne": nil]])
        }
      }
    } catch let error as HubError {
      throw error
    } catch let error as TaskStoreError {
      throw HubError(error)
    } catch {
      throw HubError(ename: "RuntimeError", evalue: "\(error)")
    }
    reply(request, MessageType.purgeReply, ["status": "ok"])
  }

  private mutating func resubmit(_ request: Message, _ content: JSONValue) throws(HubError) {
    let ids = Set(try Self.ids(content["msg_ids"])).sorted()
    var records: [TaskRecord] = []
    do {
      for id in ids { if let record = try store.record(id) { records.append(record) } }
    } catch {
      throw HubError(error)
    }
    guard records.count == ids.count else {
      let found = Set(records.map(\.messageID))
      throw .key("No such msg(s): \(ids.filter { !found.contains($0) })")
    }
    // All or nothing: what can't be submitted is found before anything is.
    let headers = try records.map { (record) throws(HubError) in
      guard let header = record.header.flatMap({ try? JSONValue.parse($0) })?.objectValue else {
        throw HubError(ename: "RuntimeError", evalue: "the record of \(record.messageID) has no header")
      }
      return header
    }
    var resubmitted: [String: JSONValue] = [:]
    for (record, header) in zip(records, headers) {
      resubmitted[record.messageID] = .string(try resubmit(record, header))
    }
    reply(request, MessageType.resubmitReply, ["status": "ok", "resubmitted": .object(resubmitted)])
  }

  /// Submits one task once more and returns its new id.
  private mutating func resubmit(_ record: TaskRecord, _ header: [String: JSONValue]) throws(HubError) -> String {
    let id = "\(Session.randomID())_0"
    let date = Timestamp.now
    var header = header
    header["msg_id"] = .string(id)
    header["date"] = .string(date.text)
    let renewed = JSONValue.object(header).bytes
    var copy = TaskRecord(messageID: id)
    copy.header = renewed
    copy.metadata = Bytes("{}")
    copy.content = record.content
    copy.buffers = record.buffers
    copy.submitted = date
    do {
      try store.add(copy)
      var update = TaskRecordUpdate()
      update.resubmitted = id
      try store.update(record.messageID, update)
    } catch {
      throw HubError(error)
    }
    requests.expect(id)
    actions.append(
      .resubmit(header: renewed.array, content: record.content ?? Bytes("{}"), buffers: record.buffers ?? []))
    return id
  }
}
