import MartletWire

// Calls whose arguments may be references.
extension BroadcastView {
  /// Calls a typed function on every engine with references, or with some references and some values, see ``Broadcast`` and
  /// ``RemoteReference``. An engine that lacks a value is sent it.
  ///
  /// - Returns: one result for each engine.
  /// - Throws: ``ReferenceLost``; ``ClientError`` if an engine doesn't exist, an argument can't be encoded, or the view is
  ///   coalescing.
  @_disfavoredOverload
  public func apply<each Argument: Codable & Sendable, each Given: RemoteArgument, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Given
  ) throws -> AsyncResult<[Output]> where repeat (each Given).RemoteValue == each Argument {
    let (call, references) = try Call.apply(
      function.reference, name: function.name, keeping: nil, repeat each arguments)
    return try run(call, references) { _ in DirectView.list(function.name) }
  }

  /// Calls a typed function that returns nothing on every engine with references, see ``Broadcast`` and ``RemoteReference``.
  ///
  /// - Throws: ``ReferenceLost``; ``ClientError`` if an engine doesn't exist, an argument can't be encoded, or the view is
  ///   coalescing.
  @_disfavoredOverload
  public func apply<each Argument: Codable & Sendable, each Given: RemoteArgument>(
    _ function: RemoteFunction<repeat each Argument, NoValue>, _ arguments: repeat each Given
  ) throws -> AsyncResult<Void> where repeat (each Given).RemoteValue == each Argument {
    let (call, references) = try Call.apply(
      function.reference, name: function.name, keeping: nil, repeat each arguments)
    return try run(call, references) { _ in .nothing }
  }

  /// Calls a Python function on every engine with references, see ``Broadcast`` and ``RemoteReference``.
  ///
  /// - Returns: one result for each engine.
  /// - Throws: ``ReferenceLost``; ``ClientError`` if an engine doesn't exist, an argument can't be encoded, or the view is
  ///   coalescing.
  @_disfavoredOverload
  public func apply<each Argument: Codable & Sendable, each Given: RemoteArgument, Output: Codable & Sendable>(
    _ function: PythonFunction<repeat each Argument, Output>, _ arguments: repeat each Given
  ) throws -> AsyncResult<[Output]> where repeat (each Given).RemoteValue == each Argument {
    let (call, references) = try Call.apply(
      function.reference, name: function.source, keeping: nil, repeat each arguments)
    return try run(call, references) { _ in DirectView.list(function.expression) }
  }

  private func run<Value>(
    _ call: Call, _ references: CallReferences, shape: ([RegisteredEngine]) -> ResultShape<Value>
  ) throws -> AsyncResult<Value> {
    guard !isCoalescing || references.isEmpty else {
      throw ClientError(
        .invalidArgument,
        "\(call.method): a coalescing broadcast view takes no references, since its engines can't say which of them lacks a value"
      )
    }
    try references.checkHomes()
    return try run(call, on: try client.resolve(targets), references: references, shape: shape)
  }
}
