import MartletWire

extension BroadcastView {
  /// Calls a Python function on every engine.
  ///
  /// - Returns: one result for each engine.
  /// - Throws: ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: PythonFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<[Output]> {
    try run(try Call.apply(function, repeat each arguments))
  }

  /// Calls a Python function on every engine, see ``DirectView/apply(python:_:as:)``.
  ///
  /// - Returns: one result for each engine.
  /// - Throws: ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    python expression: String, _ arguments: repeat each Argument, as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try apply(PythonFunction<repeat each Argument, Output>(expression), repeat each arguments)
  }
}
