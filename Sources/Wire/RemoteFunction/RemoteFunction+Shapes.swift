// Functions whose results aren't Codable by themselves, and functions of actors.

extension RemoteFunction {
  /// Gives a function a name that returns nothing: to Python it returns None.
  public init<Failure: Error>(
    _ name: String, concurrency: Int = 1,
    _ body: @escaping @Sendable (repeat each Argument) async throws(Failure) -> Void
  ) where Output == NoValue {
    self.init(name, concurrency: concurrency) { (arguments: repeat each Argument) async throws -> NoValue in
      try await body(repeat each arguments)
      return NoValue()
    }
  }

  /// Gives a name to what is done with an actor, on the actor.
  ///
  /// ```swift
  /// let add = RemoteFunction("add", on: counter) { (counter: isolated Counter, x: Int) in counter.add(x) }
  /// ```
  /// Each engine has an actor of its own, which lives as long as the engine.
  public init<Owner: Actor, Failure: Error>(
    _ name: String, on owner: Owner,
    _ body: @escaping @Sendable (isolated Owner, repeat each Argument) async throws(Failure) -> Output
  ) {
    self.init(name) { (arguments: repeat each Argument) async throws -> Output in
      try await body(owner, repeat each arguments)
    }
  }

  /// Gives a name to what is done with an actor and returns nothing, see ``init(_:on:_:)``.
  public init<Owner: Actor, Failure: Error>(
    _ name: String, on owner: Owner,
    _ body: @escaping @Sendable (isolated Owner, repeat each Argument) async throws(Failure) -> Void
  ) where Output == NoValue {
    self.init(name) { (arguments: repeat each Argument) async throws -> NoValue in
      try await body(owner, repeat each arguments)
      return NoValue()
    }
  }
}
