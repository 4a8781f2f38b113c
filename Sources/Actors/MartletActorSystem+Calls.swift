import Distributed
import MartletClient
import MartletEngine
import MartletWire
import MartletZeroMQ

extension MartletActorSystem {
  /// Calls a method of an actor on an engine. Swift uses it.
  ///
  /// - Throws: what the method throws if that is `Codable`, `RemoteError` otherwise; ``ActorTerminated``; `ClientError`.
  public func remoteCall<Act: DistributedActor, Failure: Error, Output: SerializationRequirement>(
    on actor: Act, target: RemoteCallTarget, invocation: inout ActorInvocationEncoder, throwing: Failure.Type,
    returning: Output.Type
  ) async throws -> Output where Act.ID == RemoteActorID {
    let method = "\(target)"
    let value = try await call(actor.id, target.identifier, invocation.arguments, method: method)
    do {
      return try decode(value)
    } catch {
      throw ClientError(
        .wrongResultType, "\(method) should give \(Output.self), got \(value.typeName) (\(error))", underlying: error)
    }
  }

  /// Calls a method of an actor on an engine that returns nothing. Swift uses it.
  ///
  /// - Throws: as ``remoteCall(on:target:invocation:throwing:returning:)``.
  public func remoteCallVoid<Act: DistributedActor, Failure: Error>(
    on actor: Act, target: RemoteCallTarget, invocation: inout ActorInvocationEncoder, throwing: Failure.Type
  ) async throws where Act.ID == RemoteActorID {
    _ = try await call(actor.id, target.identifier, invocation.arguments, method: "\(target)")
  }

  private func call(
    _ id: RemoteActorID, _ identifier: String, _ arguments: [PickleValue], method: String
  ) async throws -> PickleValue {
    if let end = id.lease?.end { throw end }
    let client = try await client
    try await client.learn(uuid: id.place)
    let window = ActorWindows.Key(
      type: id.type, number: id.number, place: id.place, task: EngineContext.current?.taskID)
    do {
      return try await client.actorWindows.call(window) {
        try await client.send(ActorRequest.call(id, method: identifier, arguments), to: id, method: method).value
      }
    } catch let lost as EngineError {
      throw ActorTerminated(actor: id.description, engineID: lost.engineID, reason: lost.description)
    } catch let end as ActorTerminated where end.actor == id.description {
      id.lease?.end(with: end)
      throw end
    }
  }
}

extension Client {
  /// Sends a request about an actor to its engine. From code on an engine it goes ahead of what waits there, which may wait for
  /// that code.
  ///
  /// - Throws: ``ActorTerminated`` if the engine isn't there any more.
  func send(_ request: ActorRequest, to id: RemoteActorID, method: String) throws -> AsyncResult<PickleValue> {
    guard let engine = engine(uuid: id.place) else { throw departure(of: id) }
    var view = self[...]
    view.collectsOutput = false
    return try view.apply(
      name: id.type, args: request.arguments, method: method, on: engine,
      nesting: EngineContext.current?.nesting ?? 0)
  }

  /// The error for an actor whose engine isn't registered.
  func departure(of id: RemoteActorID) -> ActorTerminated {
    let engineID = engineID(id.place)
    let cause = departureReason(of: id.place).map { ": \($0)" } ?? ""
    return ActorTerminated(
      actor: id.description, engineID: engineID,
      reason: engineID == nil ? "there is no such engine" : "the engine has left the cluster\(cause)")
  }
}
