import MartletWire
import MartletZeroMQ
import Synchronization

extension Client {
  /// The results of requests of any client, which the hub keeps.
  ///
  /// The hub doesn't announce results, so the client asks for them now and then until all have arrived. It stops when
  /// nothing refers to the result any more.
  ///
  /// - Parameters:
  ///   - msgIDs: the ids of the requests.
  ///   - type: the type of the results; by default any Python value.
  /// - Returns: the results in the order of the ids. They fail with ``ClientError/Code/hubError`` for ids the hub doesn't
  ///   know.
  public func getResult<Output: Codable & Sendable>(
    _ msgIDs: [String], as type: Output.Type = PickleValue.self
  ) -> AsyncResult<[Output]> {
    let state = ResultState(total: msgIDs.count, method: "getResult")
    for (slot, id) in msgIDs.enumerated() { _ = state.begin(slot, id: id, engines: [], outputs: 0) }
    let poller = Task { [weak self, weak state] in
      var open = Dictionary(msgIDs.enumerated().map { ($0.element, [$0.offset]) }, uniquingKeysWith: +)
      do {
        var pause = Duration.milliseconds(50)
        while !open.isEmpty {
          // Neither the client nor the result may be kept alive between two queries.
          let before = open.count
          let ids = Array(open.keys)
          guard let replies = try await self?.completedResults(of: ids) else { throw ClientError.closed }
          for (id, reply) in replies {
            for slot in open.removeValue(forKey: id) ?? [] { state?.complete(slot, .success(reply), output: .none) }
          }
          guard open.count == before else { continue }
          try await Task.sleep(for: pause)
          pause = min(pause * 2, .seconds(1))
        }
      } catch {
        for slot in open.values.joined() { state?.fail(slot, error) }
      }
    }
    state.storage.withLock { $0.poller = poller }
    return AsyncResult(
      client: self, state: state,
      shape: .list { reply in
        if reply.messageType == MessageType.executeReply {
          return try ReplyDecoding.decode(.none, of: "execute", as: type)
        }
        return try ReplyDecoding.value(reply, of: "getResult", as: type)
      })
  }

  /// Submits finished requests again, as new requests.
  ///
  /// - Parameters:
  ///   - msgIDs: the ids of the requests, which must have finished.
  ///   - type: the type of the results; by default any Python value.
  /// - Returns: the results of the new requests, see ``getResult(_:as:)``.
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

  /// The replies to those of some requests that have finished.
  private func completedResults(of msgIDs: [String]) async throws -> [(String, TaskReply)] {
    try await retryingAfterReturn {
      let completed = try await self.resultStatus(msgIDs).completed
      return completed.isEmpty ? [] : try await self.results(of: completed)
    }
  }

  /// The replies to finished requests.
  func results(of msgIDs: [String]) async throws -> [(String, TaskReply)] {
    let answer = try await requestResults(msgIDs, statusOnly: false)
    let content = answer.content
    var rest = answer.buffers
    var replies: [(String, TaskReply)] = []
    // The buffers are in the order of the ids, without counts.
    for id in Set(msgIDs).sorted(by: { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }) {
      guard let record = content[id], let result = record["result_content"] else {
        throw ClientError(.malformedReply, "the hub's answer has no result of \(id)")
      }
      let type = record["result_header"]?["msg_type"]?.stringValue ?? MessageType.applyReply
      var buffers: [Bytes] = []
      if result["status"]?.stringValue == "ok", type == MessageType.applyReply {
        let remaining = try ReplyDecoding.first(rest, of: "getResult").rest
        buffers = Array(rest.prefix(rest.count - remaining.count))
        rest = remaining
      }
      let reply = try TaskReply(
        messageType: type, content: result.bytes, metadata: (record["result_metadata"] ?? [:]).bytes,
        date: record["result_header"]?["date"]?.stringValue.flatMap { Timestamp($0) }, received: .now, buffers: buffers)
      replies.append((id, reply))
    }
    return replies
  }
}
