import MartletWire

extension DirectView {
  /// Calls a Python function on every engine.
  ///
  /// - Returns: one result for each engine.
  /// - Throws: ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: PythonFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<[Output]> {
    try run(try Call.apply(function, repeat each arguments), shape: Self.list(function.expression))
  }

  /// Calls a Python function on every engine.
  ///
  /// ```swift
  /// let lengths = try await client[...].apply(python: "lambda s: len(s) + a", "abc", as: Int.self).value
  /// ```
  /// - Parameters:
  ///   - expression: an expression that gives the function, see ``PythonFunction``.
  ///   - arguments: the arguments. An engine replaces a ``PickleValue/reference(_:)`` by the value of that name. For
  ///     keyword arguments see ``apply(name:args:kwargs:as:)``.
  ///   - type: the type of the result; by default any Python value.
  /// - Returns: one result for each engine.
  /// - Throws: ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    python expression: String, _ arguments: repeat each Argument, as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try apply(PythonFunction<repeat each Argument, Output>(expression), repeat each arguments)
  }

  /// Calls a Python function with each item. The items are divided into contiguous chunks of nearly equal length, one for
  /// each engine.
  ///
  /// - Returns: the results in the order of the items. The results of a chunk are available as soon as its engine has
  ///   finished.
  /// - Throws: ``ClientError`` if an engine doesn't exist or an item can't be encoded.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    _ function: PythonFunction<Input, Output>, _ items: some Collection<Input>
  ) throws -> AsyncResult<[Output]> {
    let method = "map(\(function.expression))"
    return try map(function.source, try items.map { try Call.encode($0, of: method) }, method: method)
  }

  /// Calls a Python function with each item, as ``map(_:_:)`` does.
  ///
  /// - Parameters:
  ///   - expression: an expression that gives the function, see ``PythonFunction``.
  ///   - items: the arguments.
  ///   - type: the type of the results; by default any Python value.
  /// - Returns: the results in the order of the items.
  /// - Throws: ``ClientError`` if an engine doesn't exist or an item can't be encoded.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    python expression: String, _ items: some Collection<Input>, as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try map(PythonFunction<Input, Output>(expression), items)
  }

  /// Calls a Python function with the first item of each collection, with the second ones, and so on, as ``map(_:_:)`` does.
  ///
  /// - Throws: ``ClientError`` if the collections have different lengths, an engine doesn't exist or an item can't be
  ///   encoded.
  public func map<First: Collection, Second: Collection, each Rest: Collection, Output: Codable & Sendable>(
    _ function: PythonFunction<First.Element, Second.Element, repeat (each Rest).Element, Output>,
    _ first: First, _ second: Second, _ rest: repeat each Rest
  ) throws -> AsyncResult<[Output]>
  where
    First.Element: Codable & Sendable, Second.Element: Codable & Sendable,
    repeat (each Rest).Element: Codable & Sendable
  {
    let method = "map(\(function.expression))"
    return try map(function.source, Column.all(first, second, repeat each rest, of: method), method: method)
  }
}
