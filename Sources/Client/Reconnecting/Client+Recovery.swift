import MartletWire

extension Client {
  /// Finds out what became of requests whose replies may have been lost with a connection: fetches the replies that the
  /// hub has recorded, goes on asking about those that are under way, and fails the rest.
  ///
  /// It ends when the connection breaks again, because their return begins another recovery.
  static func recovery(for client: @escaping @Sendable () -> Client?) -> ControllerWatch.Recovery {
    { ids, loss, breaks in
      Task {
        var recovery = RequestRecovery(ids)
        while !recovery.isComplete {
          // The client isn't kept alive between two rounds.
          guard let next = await client()?.recoverOnce(recovery, loss, breaks) else { return }
          recovery = next
          guard (try? await Task.sleep(for: recovery.pause)) != nil else { return }
        }
      }
    }
  }

  /// Repeats questions to the hub whose answers were lost with a connection, unless the controller is lost, too.
  func retryingAfterReturn<Output>(_ ask: () async throws -> Output) async throws -> Output {
    while true {
      do {
        return try await ask()
      } catch let error as ClientError where error.code == .controllerLost && !connection.outbox.isRefusing {
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  /// Asks about all requests once.
  ///
  /// - Returns: what is left; `nil` if there is no use in asking on.
  private func recoverOnce(
    _ recovery: RequestRecovery, _ loss: ClientError, _ breaks: Int
  ) async -> RequestRecovery? {
    var recovery = recovery
    let start = ContinuousClock.now
    func isAwaited(_ id: String) -> Bool { connection.outbox.withOutstanding { $0.context(of: id) != nil } }
    recovery.keep(isAwaited)
    do {
      for chunk in recovery.chunks {
        let status = try await status(of: chunk)
        guard await connection.breaks == breaks else { return nil }
        let verdict = recovery.answered(chunk, status)
        for id in verdict.lost {
          if isSentAgain(id, status) { recovery.sentAgain(id) } else { connection.fail(id, loss) }
        }
        try await fetch(verdict.finished, loss)
      }
    } catch {
      // A busy hub may answer next time.
      guard let error = error as? ClientError, error.code == .timeout || error.code == .hubError else { return nil }
    }
    recovery.keep(isAwaited)
    recovery.roundEnded(after: .now - start)
    return recovery
  }

  /// Sends a task again that a controller with a journal doesn't know, and so has never given to an engine.
  private func isSentAgain(_ id: String, _ status: RequestRecovery.Status) -> Bool {
    status.coverage.map { connection.outbox.sendAgain(id, coverage: $0) } ?? false
  }

  /// Asks the hub about requests, some of which it may not know.
  private func status(of ids: [String]) async throws -> RequestRecovery.Status {
    let content: JSONValue
    do {
      content = try await query(
        MessageType.resultRequest,
        content: ["msg_ids": .array(ids.map { .string($0) }), "status_only": true, "allow_unknown": true]
      ).content
    } catch let error as ClientError where (error.underlying as? RemoteError)?.ename == "KeyError" {
      // A hub that refuses the question because of one unknown id, as ipyparallel's does.
      guard ids.count > 1 else { return RequestRecovery.Status() }
      var status = try await status(of: Array(ids[..<(ids.count / 2)]))
      let rest = try await self.status(of: Array(ids[(ids.count / 2)...]))
      status.completed.formUnion(rest.completed)
      status.pending.formUnion(rest.pending)
      status.coverage = rest.coverage
      return status
    }
    func list(_ key: String) -> Set<String> { Set((content[key]?.arrayValue ?? []).compactMap(\.stringValue)) }
    return RequestRecovery.Status(
      completed: list("completed"), pending: list("pending"), coverage: content["journal_covers"]?.doubleValue)
  }

  /// Delivers the replies that the hub has recorded.
  private func fetch(_ ids: [String], _ loss: ClientError) async throws {
    guard !ids.isEmpty else { return }
    do {
      for (id, reply) in try await results(of: ids) { connection.recovered(id, reply) }
    } catch let error as ClientError where error.code == .hubError || error.code == .malformedReply {
      guard ids.count > 1 else {
        return connection.fail(
          ids[0], ClientError(.controllerLost, "\(loss.message) (its result is not recorded)", underlying: error))
      }
      try await fetch(Array(ids[..<(ids.count / 2)]), loss)
      try await fetch(Array(ids[(ids.count / 2)...]), loss)
    }
  }
}
