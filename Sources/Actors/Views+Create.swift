import Distributed
import MartletClient
import MartletWire

extension EngineView {
  /// Creates an actor on this engine.
  ///
  /// - Returns: a handle, which can be used like the actor. The actor lives as long as the handle, or until
  ///   ``Distributed/DistributedActor/release()``.
  /// - Throws: `ClientError` if the engine doesn't exist or an argument can't be encoded; what its initializer throws.
  public func create<Act: DistributedActor, each Argument: Codable & Sendable>(
    _ type: RemoteActor<Act, repeat each Argument>, _ arguments: repeat each Argument
  ) async throws -> Act {
    try await type.create(client, repeat each arguments) {
      try apply(name: type.name, args: $0, as: RemoteActorID.self)
    }
  }
}

extension LoadBalancedView {
  /// Creates an actor on whichever engine is free first. Each is created at most once, whatever the view's
  /// `retries` are.
  ///
  /// - Returns: a handle, which can be used like the actor. The actor lives as long as the handle, or until
  ///   ``Distributed/DistributedActor/release()``.
  /// - Throws: `ClientError` if an argument can't be encoded; what its initializer throws.
  public func create<Act: DistributedActor, each Argument: Codable & Sendable>(
    _ type: RemoteActor<Act, repeat each Argument>, _ arguments: repeat each Argument
  ) async throws -> Act {
    var view = self
    view.retries = 0
    return try await type.create(client, repeat each arguments) {
      try view.apply(name: type.name, args: $0, as: RemoteActorID.self)
    }
  }
}
