// Functions that return tuples: the compiler (6.3) can't take them apart if their length is a parameter.

extension RemoteFunction {
  /// Gives a function a name that returns two values: to Python it returns a tuple.
  public init<First, Second, Failure: Error>(
    _ name: String, concurrency: Int = 1,
    _ body: @escaping @Sendable (repeat each Argument) async throws(Failure) -> (First, Second)
  ) where Output == TupleValue<First, Second> {
    self.init(name, concurrency: concurrency) {
      (arguments: repeat each Argument) async throws -> TupleValue<First, Second> in
      let values = try await body(repeat each arguments)
      return TupleValue(values.0, values.1)
    }
  }

  /// Gives a function a name that returns three values: to Python it returns a tuple.
  public init<First, Second, Third, Failure: Error>(
    _ name: String, concurrency: Int = 1,
    _ body: @escaping @Sendable (repeat each Argument) async throws(Failure) -> (First, Second, Third)
  ) where Output == TupleValue<First, Second, Third> {
    self.init(name, concurrency: concurrency) {
      (arguments: repeat each Argument) async throws -> TupleValue<First, Second, Third> in
      let values = try await body(repeat each arguments)
      return TupleValue(values.0, values.1, values.2)
    }
  }

  /// Gives a function a name that returns four values: to Python it returns a tuple.
  public init<First, Second, Third, Fourth, Failure: Error>(
    _ name: String, concurrency: Int = 1,
    _ body: @escaping @Sendable (repeat each Argument) async throws(Failure) -> (First, Second, Third, Fourth)
  ) where Output == TupleValue<First, Second, Third, Fourth> {
    self.init(name, concurrency: concurrency) {
      (arguments: repeat each Argument) async throws -> TupleValue<First, Second, Third, Fourth> in
      let values = try await body(repeat each arguments)
      return TupleValue(values.0, values.1, values.2, values.3)
    }
  }

  /// Gives a function a name that returns five values: to Python it returns a tuple.
  public init<First, Second, Third, Fourth, Fifth, Failure: Error>(
    _ name: String, concurrency: Int = 1,
    _ body: @escaping @Sendable (repeat each Argument) async throws(Failure) -> (First, Second, Third, Fourth, Fifth)
  ) where Output == TupleValue<First, Second, Third, Fourth, Fifth> {
    self.init(name, concurrency: concurrency) {
      (arguments: repeat each Argument) async throws -> TupleValue<First, Second, Third, Fourth, Fifth> in
      let values = try await body(repeat each arguments)
      return TupleValue(values.0, values.1, values.2, values.3, values.4)
    }
  }

  /// Gives a function a name that returns six values: to Python it returns a tuple.
  public init<First, Second, Third, Fourth, Fifth, Sixth, Failure: Error>(
    _ name: String, concurrency: Int = 1,
    _ body:
      @escaping @Sendable (repeat each Argument) async throws(Failure) -> (First, Second, Third, Fourth, Fifth, Sixth)
  ) where Output == TupleValue<First, Second, Third, Fourth, Fifth, Sixth> {
    self.init(name, concurrency: concurrency) {
      (arguments: repeat each Argument) async throws -> TupleValue<First, Second, Third, Fourth, Fifth, Sixth> in
      let values = try await body(repeat each arguments)
      return TupleValue(values.0, values.1, values.2, values.3, values.4, values.5)
    }
  }

  /// Says at compile time what to write for a function that returns more values: `deprecated` because with `unavailable` the
  /// compiler drops the tuple of a closure without a word.
  @available(
    *, deprecated,
    message: "the values are dropped, because a remote function returns at most six: return a Codable struct instead"
  )
  public init<First, Second, Third, Fourth, Fifth, Sixth, Seventh, each More, Failure: Error>(
    _ name: String, concurrency: Int = 1,
    _ body:
      @escaping @Sendable (repeat each Argument) async throws(Failure) -> (
        First, Second, Third, Fourth, Fifth, Sixth, Seventh, repeat each More
      )
  ) where Output == NoValue {
    self.init(name, concurrency: concurrency) { (arguments: repeat each Argument) async throws -> NoValue in
      _ = try await body(repeat each arguments)
      return NoValue()
    }
  }
}
