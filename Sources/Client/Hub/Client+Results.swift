import MartletWire
import MartletZeroMQ

extension Client {
  /// The results of requests of any client, from the hub.
  ///
  /// - Parameters:
  ///   - msgIDs: the requests.
  ///   - type: what the results are; by default any Python value.
  /// - Returns: a result that waits for those that are not done yet. It fails with ``ClientError/Code/hubError`` for ids
  ///   the hub doesn't know.
  public func getResult<Output: Codable & Sendable>(
    _ msgIDs: [String], as type: Output.Type = PickleValue.self
  ) -> AsyncResult<[Output]> {
    let state = ResultState(total: msgIDs.count, method: "getResult")
    for (slot, id) in msgIDs.enumerated() { _ = state.begin(slot, id: id, engines: [], outputs: 0) }
    Task { await self.fetch(msgIDs, into: state) }
    return AsyncResult(
      client: self, state: state,
      shape: .list { reply in
        if reply.messageType == MessageType.executeReply {
          return try ReplyDecoding.decode(.none, of: "execute", as: type)
        }
        return try ReplyDecoding.value(reply, of: "getResult", as: type)
      })
  }

  /// Sends requests that are done again, as new requests.
  ///
  /// - Returns: their results, see ``getResult(_:as:)``.
  /// - Throws: ``ClientError/Code/hubError``, ``ClientError/Code/timeout``.
  public func resubmit<Output: Codable & Sendable>(
    _ msgIDs: [String], as type: Output.Type = PickleValue.self
  ) async throws -> AsyncResult<[Output]> {
    let reply = try await query(
      MessageType.resubmitRequest, content: ["msg_ids": .array(msgIDs.map { .string($0) })])
    let renamed = reply.content["resubmitted"]
    return getResult(
      try msgIDs.map { id in
        guard let new = renamed?[id]?.stringValue else {
          throw ClientError(.malformedReply, "the hub's answer does not name the successor of \(id)")
        }
        return new
      }, as: type)
  }

  private func fetch(_ msgIDs: [String], into state: ResultState) async {
    var open = Dictionary(msgIDs.enumerated().map { ($0.element, [$0.offset]) }, uniquingKeysWith: +)
    do {
      // The hub does not announce completion; it is asked less and less often.
      var pause = Duration.milliseconds(50)
      while !open.isEmpty {
        let status = try await resultStatus(Array(open.keys))
        if !status.completed.isEmpty {
          for (id, reply) in try await fetch(status.completed) {
            for slot in open.removeValue(forKey: id) ?? [] {
              state.complete(slot, .success(reply), output: .none)
            }
          }
        } else {
          try await Task.sleep(for: pause)
          pause = min(pause * 2, .seconds(1))
        }
      }
    } catch {
      for slot in open.values.joined() { state.complete(slot, .failure(error), output: .none) }
    }
  }

  private func fetch(_ msgIDs: [String]) async throws -> [(String, TaskReply)] {
    let answer = try await requestResults(msgIDs, statusOnly: false)
    let content = answer.content
    var rest = answer.buffers
    var replies: [(String, TaskReply)] = []
    // The buffers stand in the order of the ids, without counts.
    for id in Set(msgIDs).sorted(by: { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }) {
      guard let record = content[id], let result = record["result_content"] else {
        throw ClientError(.malformedReply, "the hub's answer lacks the result of \(id)")
      }
      let type = record["result_header"]?["msg_type"]?.stringValue ?? MessageType.applyReply
      var buffers: [Bytes] = []
      if result["status"]?.stringValue == "ok", type == MessageType.applyReply {
        let remaining = try ReplyDecoding.first(rest, of: "getResult").rest
        buffers = Array(rest.prefix(rest.count - remaining.count))
        rest = remaining
      }
      replies.append(
        (
          id,
          try TaskReply(
            messageType: type, content: result.bytes, metadata: (record["result_metadata"] ?? [:]).bytes,
            date: record["result_header"]?["date"]?.stringValue.flatMap { Timestamp($0) }, received: .now,
            buffers: buffers)
        ))
    }
    return replies
  }
}
