import Distributed
import MartletClient
import MartletEngine
import MartletWire
import MartletZeroMQ
import Synchronization

/// What `distributed actor`s belong to that live on a cluster's engines.
///
/// ```swift
/// distributed actor Counter {
///   typealias ActorSystem = MartletActorSystem
///   private var count = 0
///   distributed func add(_ number: Int) -> Int { count += number; return count }
/// }
/// ```
/// A ``RemoteActor`` makes the type known to engines and creates actors there. Each engine has a system, in which its actors
/// live, and so has each client, ``MartletClient/Client/actors``. A handle of either sends each call to the actor's engine.
public final class MartletActorSystem: DistributedActorSystem {
  /// How actors are named.
  public typealias ActorID = RemoteActorID
  /// What encodes arguments.
  public typealias InvocationEncoder = ActorInvocationEncoder
  /// What decodes arguments.
  public typealias InvocationDecoder = ActorInvocationDecoder
  /// What takes results.
  public typealias ResultHandler = ActorResultHandler
  /// What arguments and results have to be.
  public typealias SerializationRequirement = Codable & Sendable

  /// The engine's uuid, or a random name for a client.
  let place: String
  /// Connects, if need be, the client that makes the calls to engines.
  private let connect: @Sendable () async throws -> Client
  private let local = Mutex(LocalActors())

  /// - Parameter connect: gives the client that makes the calls to engines.
  init(place: String, connect: @escaping @Sendable () async throws -> Client) {
    self.place = place
    self.connect = connect
  }

  /// The client that makes the calls to engines.
  ///
  /// - Throws: `ClientError` on an engine that can't be a client.
  var client: Client { get async throws { try await connect() } }

  /// The system of the engine that runs the current task; `nil` elsewhere. A function that has been given an actor's id finds
  /// the actor with `Counter.resolve(id: id, using: system)`.
  public static var current: MartletActorSystem? { EngineContext.current.map { HostedActors.on($0).system } }

  /// Finds an actor of this process. For any other, Swift makes a handle.
  ///
  /// - Throws: ``ActorTerminated`` if it lived here; `ArgumentError` if it is of another type.
  public func resolve<Act: DistributedActor>(id: RemoteActorID, as type: Act.Type) throws -> Act? {
    guard id.type == "\(type)" else { throw ArgumentError("\(id) is not a \(type)") }
    guard id.place == place else { return nil }
    let (actor, last) = local.withLock { ($0[id.number], $0.lastNumber) }
    if let actor = actor as? Act { return actor }
    let hasBeen = 1 <= id.number && id.number <= last
    throw ActorTerminated(
      actor: id.description, engineID: EngineContext.current?.engineID,
      reason: hasBeen ? ActorTerminated.releasedReason : "there was never one of that number")
  }

  /// Names an actor that is being made in this process.
  public func assignID<Act: DistributedActor>(_ type: Act.Type) -> RemoteActorID {
    RemoteActorID(type: "\(type)", place: place, number: local.withLock { $0.assign() })
  }

  /// An actor of this process is there.
  public func actorReady<Act: DistributedActor>(_ actor: Act) where Act.ID == RemoteActorID {
    local.withLock { $0.add(actor, actor.id.number) }
  }

  /// An actor of this process is gone.
  public func resignID(_ id: RemoteActorID) { local.withLock { $0.remove(id.number) } }

  /// For the arguments of a call.
  public func makeInvocationEncoder() -> ActorInvocationEncoder { ActorInvocationEncoder() }

  /// Decodes a value in which handles of actors may be.
  func decode<Value: Decodable>(_ value: PickleValue) throws -> Value {
    try PickleDecoder.$userInfo.withValue([.actorSystemKey: self]) { try value.decode(Value.self) }
  }
}

extension Client {
  /// The system of this client's actors, in which a handle can be made for an actor whose id is known:
  /// `Counter.resolve(id: id, using: client.actors)`. Such a handle does not keep the actor alive.
  public var actors: MartletActorSystem { MartletActorSystem(place: Session.randomID()) { self } }
}

extension Client: ActorDecoding {
  package var actorDecodingInfo: [CodingUserInfoKey: any Sendable] { [.actorSystemKey: actors] }
}
