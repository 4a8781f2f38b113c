import MartletWire

extension LoadBalancedView {
  /// Calls a Python function on whichever engine is free.
  ///
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or an option is out of
  ///   range.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    _ function: PythonFunction<repeat each Argument, Output>, _ arguments: repeat each Argument
  ) throws -> AsyncResult<Output> {
    try run(try Call.apply(function, repeat each arguments))
  }

  /// Calls a Python function, see ``DirectView/apply(python:_:as:)``.
  ///
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or an option is out of
  ///   range.
  public func apply<each Argument: Codable & Sendable, Output: Codable & Sendable>(
    python expression: String, _ arguments: repeat each Argument, as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<Output> {
    try apply(PythonFunction<repeat each Argument, Output>(expression), repeat each arguments)
  }

  /// Calls a Python function with each item, as ``map(_:_:chunkSize:window:)`` does.
  ///
  /// - Parameters:
  ///   - function: the function to call.
  ///   - items: the arguments. An item that can't be encoded fails its chunk.
  ///   - chunkSize: how many items make up a task, at least one.
  ///   - window: how many chunks may be outstanding at once, at least one.
  /// - Returns: the results in the order of the items.
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist or a number is out of range.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    _ function: PythonFunction<Input, Output>, _ items: some Collection<Input>, chunkSize: Int = 1, window: Int? = nil
  ) throws -> AsyncResult<[Output]> {
    let items = Array(items)
    let method = "map(\(function.expression))"
    return try map(function.source, count: items.count, chunkSize: chunkSize, window: window, method: method) { range in
      try items[range].map { try Call.encode($0, of: method) }
    }
  }

  /// Calls a Python function with each item.
  ///
  /// ```swift
  /// let squares = try await client.loadBalanced().map(python: "lambda x: x ** 2", 0..<32, as: Int.self).value
  /// ```
  /// - Parameters:
  ///   - expression: an expression that gives the function, see ``PythonFunction``.
  ///   - items: the arguments. An item that can't be encoded fails its chunk.
  ///   - chunkSize: how many items make up a task, at least one.
  ///   - window: how many chunks may be outstanding at once, at least one.
  ///   - type: the type of the results; by default any Python value.
  /// - Returns: the results in the order of the items.
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist or a number is out of range.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    python expression: String, _ items: some Collection<Input>, chunkSize: Int = 1, window: Int? = nil,
    as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try map(PythonFunction<Input, Output>(expression), items, chunkSize: chunkSize, window: window)
  }

  /// Calls a Python function with the first item of each collection, with the second ones, and so on, as
  /// ``map(_:_:chunkSize:window:)`` does.
  ///
  /// - Throws: ``ClientError`` if the collections have different lengths, a chosen engine doesn't exist or a number is out of
  ///   range.
  public func map<First: Collection, Second: Collection, each Rest: Collection, Output: Codable & Sendable>(
    _ function: PythonFunction<First.Element, Second.Element, repeat (each Rest).Element, Output>,
    _ first: First, _ second: Second, _ rest: repeat each Rest, chunkSize: Int = 1, window: Int? = nil
  ) throws -> AsyncResult<[Output]>
  where
    First.Element: Codable & Sendable, Second.Element: Codable & Sendable,
    repeat (each Rest).Element: Codable & Sendable
  {
    let method = "map(\(function.expression))"
    return try map(
      function.source, Column.all(first, second, repeat each rest, of: method), chunkSize: chunkSize, window: window,
      method: method)
  }
}
