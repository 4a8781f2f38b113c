import MartletWire

extension Client {
  /// How many requests each engine has.
  ///
  /// - Throws: ``ClientError/Code/noSuchEngine``, ``ClientError/Code/hubError``, ``ClientError/Code/timeout``.
  public func queueStatus(_ targets: EngineTargets = .all) async throws -> QueueStatus {
    try QueueStatus(try await queues(targets, verbose: false))
  }

  /// The ids of the requests each engine has.
  ///
  /// - Returns: an object by engine id of objects with the lists `queue`, `tasks` and `completed`; the list `unassigned`
  ///   has the requests that wait for an engine.
  ///
  /// - Throws: as ``queueStatus(_:)``.
  public func queueContents(_ targets: EngineTargets = .all) async throws -> JSONValue {
    try await queues(targets, verbose: true)
  }

  private func queues(_ targets: EngineTargets, verbose: Bool) async throws -> JSONValue {
    // The hub itself looks up "all": it may know engines this client hasn't heard of yet.
    let ids: JSONValue = targets == .all ? .null : .array(try resolve(targets).map { .int($0.id) })
    return try await query(MessageType.queueRequest, content: ["targets": ids, "verbose": .bool(verbose)]).content
  }

  /// Says where a load-balanced task is and what it waits for, in words: "engine 2 runs it, for at most 3.2 s", "it depends
  /// on 1 task that has not ended: …", "none of the 4 engines has room, and before it are 12 tasks of its own client".
  ///
  /// For people: the words may change with any release. Only Martlet's controller knows.
  ///
  /// - Parameter msgID: the task's id, of this or any other client, see ``AsyncResult/msgIDs``.
  /// - Throws: ``ClientError/Code/hubError`` for an id the controller doesn't know, ``ClientError/Code/timeout``.
  public func why(_ msgID: String) async throws -> String {
    let content = try await query(MessageType.whyRequest, content: ["msg_id": .string(msgID)]).content
    guard let text = content["why"]?.stringValue else {
      throw ClientError(.malformedReply, "the hub's answer has no 'why'")
    }
    return text
  }

  /// Counts the load-balanced tasks, of this and all other clients, that another engine could take.
  ///
  /// - Parameters:
  ///   - offer: what the engine would offer.
  ///   - time: how much time it would have; `nil` for no limit.
  /// - Returns: how many lack only an engine with room, and how many of these no registered engine can run.
  /// - Throws: ``ClientError/Code/hubError``, ``ClientError/Code/timeout``.
  package func backlog(for offer: Resources, time: Duration?) async throws -> (queued: Int, unmet: Int) {
    let left = time.map { JSONValue.double($0 / .seconds(1)) } ?? .null
    let content = try await query(
      MessageType.backlogRequest, content: ["resources": offer.json, "time_left": left]
    ).content
    guard let queued = content["queued"]?.intValue, let unmet = content["unmet"]?.intValue else {
      throw ClientError(.malformedReply, "the hub's answer has no 'queued' or no 'unmet'")
    }
    return (queued, unmet)
  }

  /// Which requests, of this or any other client, have finished.
  ///
  /// - Parameter msgIDs: the ids of the requests.
  /// - Throws: ``ClientError/Code/hubError`` for ids the hub doesn't know, ``ClientError/Code/timeout``.
  public func resultStatus(_ msgIDs: [String]) async throws -> ResultStatus {
    let content = try await requestResults(msgIDs, statusOnly: true).content
    func ids(_ key: String) -> [String] { (content[key]?.arrayValue ?? []).compactMap(\.stringValue) }
    return ResultStatus(completed: ids("completed"), pending: ids("pending"))
  }

  /// The ids of all requests the hub remembers, in the order of their submission.
  ///
  /// - Throws: ``ClientError/Code/hubError``, ``ClientError/Code/timeout``.
  public func hubHistory() async throws -> [String] {
    let content = try await query(MessageType.historyRequest).content
    guard let history = content["history"]?.arrayValue else {
      throw ClientError(.malformedReply, "the hub's answer has no 'history'")
    }
    return history.compactMap(\.stringValue)
  }

  /// Finds the hub's records of requests.
  ///
  /// - Parameters:
  ///   - query: a condition in the syntax of MongoDB, for example `["completed": ["$ne": nil]]`.
  ///   - keys: the fields to return in addition to `msg_id`; `nil` for all but the buffers.
  /// - Throws: ``ClientError/Code/hubError`` if the hub can't evaluate the condition, ``ClientError/Code/timeout``.
  public func dbQuery(_ query: JSONValue, keys: [String]? = nil) async throws -> [TaskRecord] {
    let fields: JSONValue = keys.map { .array($0.map { .string($0) }) } ?? .null
    let reply = try await self.query(MessageType.databaseRequest, content: ["query": query, "keys": fields])
    return try TaskRecord.records(reply)
  }

  /// Removes requests and their results from the hub.
  ///
  /// - Parameters:
  ///   - msgIDs: the ids of the requests, which must have finished.
  ///   - engines: engines whose finished requests are removed as well.
  /// - Throws: ``ClientError/Code/hubError`` for requests that are unknown or unfinished, ``ClientError/Code/timeout``.
  public func purgeResults(_ msgIDs: [String] = [], engines: EngineTargets? = nil) async throws {
    let ids = try engines.map { try resolve($0).map(\.id) } ?? []
    guard !msgIDs.isEmpty || !ids.isEmpty else { return }
    _ = try await query(
      MessageType.purgeRequest,
      content: ["msg_ids": .array(msgIDs.map { .string($0) }), "engine_ids": .array(ids.map { .int($0) })])
  }

  /// Removes all requests and their results from the hub.
  ///
  /// - Throws: as ``purgeResults(_:engines:)``.
  public func purgeAllResults() async throws {
    _ = try await query(MessageType.purgeRequest, content: ["msg_ids": "all", "engine_ids": []])
  }

  /// Asks the hub for the results of requests.
  func requestResults(_ msgIDs: [String], statusOnly: Bool) async throws -> TaskReply {
    try await query(
      MessageType.resultRequest,
      content: ["msg_ids": .array(msgIDs.map { .string($0) }), "status_only": .bool(statusOnly)])
  }
}
