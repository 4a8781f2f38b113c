import MartletWire
import MartletZeroMQ

/// Requests answered from the task store.
extension HubState {
  /// Handles an answer of the task store.
  ///
  /// - Parameter newID: Creates a message id for a resubmitted task.
  mutating func storeAnswered(
    _ id: Int, _ answer: Result<TaskStoreAnswer, TaskStoreError>, at now: Moment, newID: () -> String
  ) {
    guard let question = takeQuestion(id) else { return }
    do throws(HubError) {
      try finish(question, answer, at: now, newID: newID)
    } catch {
      fail(question.asker, error)
    }
  }

  private mutating func finish(
    _ question: StoreQuestion, _ answer: Result<TaskStoreAnswer, TaskStoreError>, at now: Moment, newID: () -> String
  ) throws(HubError) {
    let asker = question.asker
    let found: TaskStoreAnswer
    switch answer {
    case .success(let answer): found = answer
    case .failure(let error):
      // Without records, the hub still knows the status of tasks.
      guard case .results(let request) = question.purpose, error.code == .noData, request.statusOnly else {
        throw HubError(error)
      }
      found = TaskStoreAnswer()
    }
    switch question.purpose {
    case .results(let request): try finish(request, found.records, asker)
    case .history:
      reply(asker, MessageType.historyReply, ["status": "ok", "history": Self.list(found.ids)])
    case .database(let keys): finishQuery(keys, found.records, asker)
    case .purge(let failure):
      if let failure { throw failure }
      reply(asker, MessageType.purgeReply, ["status": "ok"])
    case .resubmission(let ids): try finishResubmission(ids, found.records, asker, at: now, newID: newID)
    }
  }

  // MARK: - Results

  mutating func results(_ asker: Asker, _ content: JSONValue) throws(HubError) {
    var request = ResultRequest(
      ids: try Self.ids(content["msg_ids"]), statusOnly: content["status_only"]?.boolValue ?? false,
      allowsUnknown: content["allow_unknown"]?.boolValue ?? false)
    for id in request.ids {
      if requests.isPending(id) {
        request.pending.insert(id)
      } else if requests.isCompleted(id) {
        request.completed.insert(id)
      }
    }
    let wanted = request.wanted
    guard !wanted.isEmpty else { return try finish(request, [], asker) }
    try ask(.results(wanted, keys: request.keys), asker, for: .results(request))
  }

  private mutating func finish(
    _ request: ResultRequest, _ records: [TaskRecord], _ asker: Asker
  ) throws(HubError) {
    let records = Dictionary(records.map { ($0.messageID, $0) }) { first, _ in first }
    var answer: [String: JSONValue] = ["status": "ok"]
    var pending: [JSONValue] = []
    var completed: [JSONValue] = []
    var unknown: [JSONValue] = []
    var buffers: [Bytes] = []
    for id in request.ids {
      if request.pending.contains(id) {
        pending.append(.string(id))
      } else if let record = records[id], record.completed != nil || request.completed.contains(id) {
        completed.append(.string(id))
        guard !request.statusOnly else { continue }
        answer[id] = Self.result(record)
        buffers.append(contentsOf: record.resultBuffers ?? [])
      } else if request.statusOnly, request.completed.contains(id) {
        completed.append(.string(id))
      } else if request.allowsUnknown {
        // Nobody works on it any more if an earlier controller has left a record.
        unknown.append(.string(id))
      } else if records[id]?.submitted != nil {
        pending.append(.string(id))
      } else {
        // Nobody works on a task of which nothing but output has arrived, either.
        throw .key("No such message: \(id)")
      }
    }
    if request.allowsUnknown {
      answer["unknown"] = .array(unknown)
      if let journalCoverage { answer["journal_covers"] = .double(journalCoverage) }
    }
    answer["pending"] = .array(pending)
    answer["completed"] = .array(completed)
    reply(asker, MessageType.resultReply, .object(answer), buffers: buffers)
  }

  /// A record as JSON for a `result_reply`.
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

  /// The ids in `msg_ids`, without duplicates, in ascending order.
  static func ids(_ value: JSONValue?) throws(HubError) -> [String] {
    if let one = value?.stringValue { return [one] }
    guard let list = value?.arrayValue else { throw .value("msg_ids must be a list of message ids") }
    let ids = list.compactMap(\.stringValue)
    guard ids.count == list.count else { throw .value("msg_ids must be a list of message ids") }
    return Set(ids).sorted()
  }

  // MARK: - Queries and purging

  mutating func database(_ asker: Asker, _ content: JSONValue) throws(HubError) {
    let names = content["keys"]?.arrayValue?.compactMap(\.stringValue)
    let query: TaskStoreQuery
    let keys: [TaskRecordKey]?
    do {
      keys = try names.flatMap { (names) throws(TaskStoreError) in names.isEmpty ? nil : try TaskRecordKey.named(names)
      }
      query = .records(try TaskQuery(content["query"] ?? [:]), keys: keys ?? TaskRecordKey.allButBuffers)
    } catch {
      throw HubError(error)
    }
    try ask(query, asker, for: .database(keys: keys))
  }

  private mutating func finishQuery(_ keys: [TaskRecordKey]?, _ records: [TaskRecord], _ asker: Asker) {
    let wantsBuffers = keys?.contains(.buffers) ?? false
    let wantsResults = keys?.contains(.resultBuffers) ?? false
    var lengths: (requests: JSONValue, results: JSONValue) = (.null, .null)
    if wantsBuffers { lengths.requests = .array(records.map { .int($0.buffers?.count ?? 0) }) }
    if wantsResults { lengths.results = .array(records.map { .int($0.resultBuffers?.count ?? 0) }) }
    var buffers: [Bytes] = []
    for record in records {
      if wantsBuffers { buffers.append(contentsOf: record.buffers ?? []) }
      if wantsResults { buffers.append(contentsOf: record.resultBuffers ?? []) }
    }
    let keys = keys ?? TaskRecordKey.allButBuffers
    reply(
      asker, MessageType.databaseReply,
      [
        "status": "ok", "records": .array(records.map { $0.json(keys: keys) }),
        "buffer_lens": lengths.requests, "result_buffer_lens": lengths.results,
      ], buffers: buffers)
  }

  mutating func purge(_ asker: Asker, _ content: JSONValue) throws(HubError) {
    if content["msg_ids"]?.stringValue == "all" {
      return try ask(.drop([TaskQuery.completed]), asker, for: .purge(failure: nil))
    }
    let ids = try Self.ids(content["msg_ids"] ?? [])
    if let unfinished = ids.first(where: { requests.isPending($0) }) {
      throw .index("msg pending: '\(unfinished)'")
    }
    var queries = [TaskQuery(ids: ids)]
    var failure: HubError?
    for target in content["engine_ids"]?.arrayValue ?? [] {
      guard let id = target.intValue, let engine = engines.engines[id] else {
        failure = .index("No such engine: \(target.bytes.string)")
        break
      }
      queries.append(TaskQuery.completed(on: engine.uuid))
    }
    try ask(.drop(queries), asker, for: .purge(failure: failure))
  }
}
