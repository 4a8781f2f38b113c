import MartletWire

extension Client {
  /// How much work each engine has.
  ///
  /// - Throws: ``ClientError/Code/noSuchEngine``, ``ClientError/Code/hubError``, ``ClientError/Code/timeout``.
  public func queueStatus(_ targets: EngineTargets = .all) async throws -> QueueStatus {
    try QueueStatus(try await queues(targets, verbose: false))
  }

  /// The ids of the requests each engine has: an object by engine id, with `queue`, `tasks` and `completed`, and the
  /// list `unassigned`.
  ///
  /// - Throws: as ``queueStatus(_:)``.
  public func queueContents(_ targets: EngineTargets = .all) async throws -> JSONValue {
    try await queues(targets, verbose: true)
  }

  private func queues(_ targets: EngineTargets, verbose: Bool) async throws -> JSONValue {
    // The hub evaluates "all" itself: it may know more engines than have reached this client.
    let ids: JSONValue = targets == .all ? .null : .array(try resolve(targets).map { .int($0.id) })
    return try await query(MessageType.queueRequest, content: ["targets": ids, "verbose": .bool(verbose)]).content
  }

  /// Which of some requests, of this or any other client, are done.
  ///
  /// - Throws: ``ClientError/Code/hubError`` for ids the hub doesn't know, ``ClientError/Code/timeout``.
  public func resultStatus(_ msgIDs: [String]) async throws -> ResultStatus {
    let content = try await requestResults(msgIDs, statusOnly: true).content
    func ids(_ key: String) -> [String] { (content[key]?.arrayValue ?? []).compactMap(\.stringValue) }
    return ResultStatus(completed: ids("completed"), pending: ids("pending"))
  }

  /// The ids of all requests the hub remembers, in the order of submission.
  ///
  /// - Throws: ``ClientError/Code/hubError``, ``ClientError/Code/timeout``.
  public func hubHistory() async throws -> [String] {
    let content = try await query(MessageType.historyRequest).content
    guard let history = content["history"]?.arrayValue else {
      throw ClientError(.malformedReply, "the hub's answer lacks 'history'")
    }
    return history.compactMap(\.stringValue)
  }

  /// Finds task records.
  ///
  /// - Parameters:
  ///   - query: a condition in the manner of MongoDB, for example `["completed": ["$ne": nil]]`.
  ///   - keys: the fields wanted, `msg_id` is always among them; `nil` for all but buffers.
  /// - Throws: ``ClientError/Code/hubError`` for a condition the store can't evaluate, ``ClientError/Code/timeout``.
  public func dbQuery(_ query: JSONValue, keys: [String]? = nil) async throws -> [TaskRecord] {
    let fields: JSONValue = keys.map { .array($0.map { .string($0) }) } ?? .null
    let reply = try await self.query(MessageType.databaseRequest, content: ["query": query, "keys": fields])
    return try TaskRecord.records(reply)
  }

  /// Makes the hub forget requests and their results.
  ///
  /// - Parameters:
  ///   - msgIDs: the requests; they must be done.
  ///   - engines: engines whose whole history goes too.
  /// - Throws: ``ClientError/Code/hubError`` for requests that are unknown or not done, ``ClientError/Code/timeout``.
  public func purgeResults(_ msgIDs: [String] = [], engines: EngineTargets? = nil) async throws {
    let ids = try engines.map { try resolve($0).map(\.id) } ?? []
    guard !msgIDs.isEmpty || !ids.isEmpty else { return }
    _ = try await query(
      MessageType.purgeRequest,
      content: ["msg_ids": .array(msgIDs.map { .string($0) }), "engine_ids": .array(ids.map { .int($0) })])
  }

  /// Makes the hub forget all requests and their results.
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

/// Which of some requests are done.
public struct ResultStatus: Sendable, Hashable {
  /// Those that are.
  public let completed: [String]
  /// Those that are not.
  public let pending: [String]
}
