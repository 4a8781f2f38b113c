import Distributed
import MartletEngine
import MartletWire
import Synchronization

/// The actors that an engine keeps alive for those who have created them.
final class HostedActors: EngineAttachment {
  /// The most actors that an engine keeps.
  static let limit = 65_536

  /// The system of the engine's actors. It doesn't keep them.
  let system: MartletActorSystem
  private let actors = Mutex<[RemoteActorID: any DistributedActor]>([:])

  private init(_ context: EngineContext) {
    // Without the attachments, in which this is.
    let client = EngineClient(context.clientAccess, context.engineLogger)
    system = MartletActorSystem(place: context.engineUUID) { try await client.client }
  }

  var isEmpty: Bool { actors.withLock(\.isEmpty) }

  /// Those of an engine.
  static func on(_ context: EngineContext) -> HostedActors {
    context.attachments.object { HostedActors(context) }
  }

  /// Keeps an actor until it is released.
  ///
  /// - Throws: `ArgumentError` if there are too many.
  func keep(_ actor: any DistributedActor, _ id: RemoteActorID) throws(ArgumentError) {
    let isKept = actors.withLock { actors in
      guard actors.count < Self.limit else { return false }
      actors[id] = actor
      return true
    }
    guard isKept else {
      throw ArgumentError("\(id.type): this engine has \(Self.limit) actors, and no room for more: release some")
    }
  }

  /// Lets go of an actor.
  ///
  /// - Returns: whether there was one.
  func release(_ id: RemoteActorID) -> Bool {
    // It ends outside of the lock.
    let actor = actors.withLock { $0.removeValue(forKey: id) }
    return actor != nil
  }
}
