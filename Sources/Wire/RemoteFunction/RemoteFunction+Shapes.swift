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

  /// Gives a function a name that returns a pair: to Python it returns a tuple.
  public init<First, Second, Failure: Error>(
    _ name: String, concurrency: Int = 1,
    _ body: @escaping @Sendable (repeat each Argument) async throws(Failure) -> (First, Second)
  ) where Output == TupleValue<First, Second> {
    self.init(name, concurrency: concurrency) {
      (arguments: repeat each Argument) async throws -> TupleValue<First, Second> in
      let (first, second) = try await body(repeat each arguments)
      return TupleValue(first, second)
    }
  }

  /// Gives a function a name that returns three values: to Python it returns a tuple.
  public init<First, Second, Third, Failure: Error>(
    _ name: String, concurrency: Int = 1,
    _ body: @escaping @Sendable (repeat each Argument) async throws(Failure) -> (First, Second, Third)
  ) where Output == TupleValue<First, Second, Third> {
    self.init(name, concurrency: concurrency) {
      (arguments: repeat each Argument) async throws -> TupleValue<First, Second, Third> in
      let (first, second, third) = try await body(repeat each arguments)
      return TupleValue(first, second, third)
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
