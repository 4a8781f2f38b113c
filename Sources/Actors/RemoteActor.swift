import Distributed
import MartletClient
import MartletEngine
import MartletWire

/// A type of actors that clients create on engines.
///
/// ```swift
/// let counters = RemoteActor { (system: MartletActorSystem, start: Int) in Counter(from: start, actorSystem: system) }
/// // among the program's functions: static let functions: [any RemoteCallable] = [counters]
/// let counter = try await client[2].create(counters, 5)
/// print(try await counter.add(3))
/// ```
/// An engine runs its actors' methods, its functions and everything else one after the other, in the order in which they
/// arrive from each client. A method that waits keeps the engine's other requests waiting, but not calls that code on engines
/// makes: these run beside it, or two engines could wait for each other. Each call runs at most once: it is never repeated, and
/// one that fails because the engine died may have run. If the task that waits for a call is cancelled, the call is aborted
/// unless it has begun; one that has begun goes on. What methods print is not collected.
///
/// Functions and actors of the program take and return handles, wherever the actor lives. An actor lives until the last copy of
/// the handle is gone that its creator got, or until it is released. A client that is
/// closed, or dies, before that leaves its actors behind, until their engine ends.
public struct RemoteActor<Act: DistributedActor, each Argument: Codable & Sendable>: RemoteCallable, ActorType
where Act.ActorSystem == MartletActorSystem {
  private let creator: RemoteFunction<repeat each Argument, RemoteActorID>
  private let methods = DistributedMethods(of: Act.self)

  /// Makes a type of actors known.
  ///
  /// - Parameter make: makes an actor on an engine, with the engine's system and the arguments that the creator has given.
  public init<Failure: Error>(
    _ make: @escaping @Sendable (MartletActorSystem, repeat each Argument) async throws(Failure) -> Act
  ) {
    creator = RemoteFunction("\(Act.self)") { (arguments: repeat each Argument) async throws -> RemoteActorID in
      let hosted = try Self.hosted
      let actor = try await make(hosted.system, repeat each arguments)
      try hosted.keep(actor, actor.id)
      return actor.id
    }
  }

  /// The name of the type.
  public var name: String { creator.name }

  public var signature: String { "(String, …)" }

  public func call(_ arguments: CallArguments) async throws -> PickleValue {
    switch try ActorRequest(arguments, type: name) {
    case .create(let arguments): return try await creator.call(CallArguments(arguments))
    case .release(let id): return .bool(try Self.hosted.release(id))
    case .call(let id, let name, let arguments):
      let system = try Self.hosted.system
      guard id.place == system.place, let actor = try system.resolve(id: id, as: Act.self) else {
        throw ActorTerminated(
          actor: id.description, engineID: EngineContext.current?.engineID, reason: "it is not of this engine")
      }
      let method = try methods.method(name, argumentCount: arguments.count)
      var decoder = ActorInvocationDecoder("\(self.name).\(method.name)", arguments, in: system)
      let handler = ActorResultHandler()
      try await system.executeDistributedTarget(
        on: actor, target: RemoteCallTarget(method.identifier), invocationDecoder: &decoder, handler: handler)
      return try handler.result
    }
  }

  package func decodingInfo(on engine: EngineContext) -> [CodingUserInfoKey: any Sendable] {
    [.actorSystemKey: HostedActors.on(engine).system]
  }

  private static var hosted: HostedActors {
    get throws(ArgumentError) {
      guard let context = EngineContext.current else { throw ArgumentError("actors are created by engines only") }
      return HostedActors.on(context)
    }
  }

  /// Creates an actor with a view's way to call by name.
  ///
  /// - Parameter apply: calls the type's name with these arguments.
  func create(
    _ client: Client, _ arguments: repeat each Argument,
    apply: ([PickleValue]) throws -> AsyncResult<RemoteActorID>
  ) async throws -> Act {
    var values: [PickleValue] = []
    for argument in repeat each arguments {
      do {
        values.append(try PickleValue(encoding: argument))
      } catch {
        throw ClientError(
          .invalidArgument, "\(name): an argument of type \(type(of: argument)) can't be sent: \(error)",
          underlying: error)
      }
    }
    let result = try apply(ActorRequest.create(values).arguments)
    // Of a creation that has begun, the id is waited for, since nobody else could release the actor.
    let creation = Task { () throws -> RemoteActorID in
      let id = try await result.value.leased(client)
      try await client.learn(uuid: id.place)
      return id
    }
    let id = try await withTaskCancellationHandler {
      try await creation.value
    } onCancel: {
      result.cancel()
    }
    return try Act.resolve(id: id, using: client.actors)
  }
}
