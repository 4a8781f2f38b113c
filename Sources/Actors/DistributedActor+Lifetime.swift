import Distributed
import MartletClient

extension DistributedActor where ActorSystem == MartletActorSystem {
  /// Releases an actor on an engine: it ends when the calls have run that were made before, and later ones throw
  /// ``ActorTerminated``. Nothing happens if it has ended, or if it is an actor of this engine or process.
  ///
  /// - Throws: `ClientError` if its engine can't be reached.
  public nonisolated func release() async throws {
    guard id.place != actorSystem.place, id.lease?.end == nil else { return }
    let client = try await actorSystem.client
    try await client.learn(uuid: id.place)
    do {
      let result = try client.send(.release(id), to: id, method: "release")
      id.lease?.end(
        with: ActorTerminated(
          actor: id.description, engineID: client.engineID(id.place), reason: ActorTerminated.releasedReason))
      _ = try await result.value
    } catch is ActorTerminated {
    } catch is EngineError {
    }
  }

  /// Waits until an actor on an engine has ended: because its engine has left the cluster, because it was released through
  /// this handle, or because a call has found that another client has released it.
  ///
  /// The handle keeps the actor alive meanwhile.
  ///
  /// - Returns: why it has ended.
  /// - Throws: `CancellationError`; `ClientError` when the client is closed, and for an actor of this engine or process, which
  ///   lives as long as somebody can ask.
  public nonisolated func whenTerminated() async throws -> ActorTerminated {
    let id = id
    guard id.place != actorSystem.place else {
      throw ClientError(.invalidArgument, "\(id) lives here, as long as somebody can ask")
    }
    let client = try await actorSystem.client
    try await client.learn(uuid: id.place)
    let end = await withTaskGroup(of: ActorTerminated?.self) { group in
      if let lease = id.lease {
        group.addTask { await lease.ends().first { _ in true } }
      }
      group.addTask {
        await client.waitForDeparture(of: id.place)
        return client.engine(uuid: id.place) == nil && !client.isClosed ? client.departure(of: id) : nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
    if let end { return end }
    try Task.checkCancellation()
    throw ClientError(.closed, "the client is closed")
  }
}
