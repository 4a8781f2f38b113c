import MartletWire

extension EngineView {
  /// Calls a Python function.
  ///
  /// - Throws: ``ClientError`` if the engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: PythonFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<Output> {
    try view.run(try Call.apply(function, repeat each arguments), shape: Self.single(function.expression))
  }

  /// Calls a Python function, see ``DirectView/apply(python:_:as:)``.
  ///
  /// - Throws: ``ClientError`` if the engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    python expression: String, _ arguments: repeat each Argument, as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<Output> {
    try apply(PythonFunction<repeat each Argument, Output>(expression), repeat each arguments)
  }

  /// Calls a Python function with each item, in one task.
  ///
  /// - Returns: the results in the order of the items.
  /// - Throws: ``ClientError`` if the engine doesn't exist or an item can't be encoded.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    _ function: PythonFunction<Input, Output>, _ items: some Collection<Input>
  ) throws -> AsyncResult<[Output]> {
    try view.map(function, items)
  }

  /// Calls a Python function with each item, in one task, see ``DirectView/map(python:_:as:)``.
  ///
  /// - Returns: the results in the order of the items.
  /// - Throws: ``ClientError`` if the engine doesn't exist or an item can't be encoded.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    python expression: String, _ items: some Collection<Input>, as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try view.map(python: expression, items, as: type)
  }
}
