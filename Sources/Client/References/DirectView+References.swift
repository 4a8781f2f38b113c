import MartletWire

extension DirectView {
  /// Calls a typed function on every engine with references, or with some references and some values, see ``Broadcast`` and
  /// ``RemoteReference``.
  ///
  /// - Returns: one result for each engine.
  /// - Throws: ``ReferenceLost``; ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  @_disfavoredOverload
  public func apply<each Argument: Codable & Sendable, each Given: RemoteArgument, Output: Codable & Sendable>(
    _ function: RemoteFunction<repeat each Argument, Output>, _ arguments: repeat each Given
  ) throws -> AsyncResult<[Output]> where repeat (each Given).RemoteValue == each Argument {
    let (call, references) = try Call.apply(
      function.reference, name: function.name, keeping: nil, repeat each arguments)
    return try run(call, shape: Self.list(function.name), references)
  }

  /// Calls a typed function that returns nothing on every engine with references, see ``Broadcast`` and ``RemoteReference``.
  ///
  /// - Throws: ``ReferenceLost``; ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  @_disfavoredOverload
  public func apply<each Argument: Codable & Sendable, each Given: RemoteArgument>(
    _ function: RemoteFunction<repeat each Argument, NoValue>, _ arguments: repeat each Given
  ) throws -> AsyncResult<Void> where repeat (each Given).RemoteValue == each Argument {
    let (call, references) = try Call.apply(
      function.reference, name: function.name, keeping: nil, repeat each arguments)
    return try run(call, shape: .nothing, references)
  }

  private func run<Value>(
    _ call: Call, shape: ResultShape<Value>, _ references: CallReferences
  ) throws -> AsyncResult<Value> {
    let engines = try client.resolve(targets)
    try references.checkHomes()
    return try run(
      on: engines, method: call.method, shape: shape,
      references: ReferenceUse(arguments: references, targets: engines, tasks: engines.count)
    ) { _ in call }
  }
}
