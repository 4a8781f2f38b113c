import MartletWire

// Maps with arguments that are the same in all calls.
extension DirectView {
  /// Calls a typed function with each item and, behind it, arguments that are the same in all calls: references, whose values
  /// each engine gets once, or values, see ``RemoteArgument``. The items are divided as by ``map(_:_:)``.
  ///
  /// - Returns: the results in the order of the items.
  /// - Throws: ``ReferenceLost``; ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  public func map<Items: Collection, Given: RemoteArgument, each Rest: RemoteArgument, Output: Codable & Sendable>(
    _ function: RemoteFunction<Items.Element, Given.RemoteValue, repeat (each Rest).RemoteValue, Output>,
    _ items: Items,
    with given: Given, _ rest: repeat each Rest
  ) throws -> AsyncResult<[Output]>
  where
    Items.Element: Codable & Sendable, Given.RemoteValue: Sendable, repeat (each Rest).RemoteValue: Sendable
  {
    let method = "map(\(function.name))"
    return try map(
      function.name, [Column(items, of: method)], given: try GivenArguments(given, repeat each rest, of: method),
      method: method)
  }

  /// Calls a Python function with each item and, behind it, arguments that are the same in all calls: references, whose values
  /// each engine gets once, or values, see ``RemoteArgument``. The items are divided as by ``map(_:_:)``.
  ///
  /// - Returns: the results in the order of the items.
  /// - Throws: ``ReferenceLost``; ``ClientError`` if an engine doesn't exist or an argument can't be encoded.
  public func map<Items: Collection, Given: RemoteArgument, each Rest: RemoteArgument, Output: Codable & Sendable>(
    _ function: PythonFunction<Items.Element, Given.RemoteValue, repeat (each Rest).RemoteValue, Output>,
    _ items: Items,
    with given: Given, _ rest: repeat each Rest
  ) throws -> AsyncResult<[Output]>
  where
    Items.Element: Codable & Sendable, Given.RemoteValue: Sendable, repeat (each Rest).RemoteValue: Sendable
  {
    let method = "map(\(function.expression))"
    return try map(
      function.source, [Column(items, of: method)], given: try GivenArguments(given, repeat each rest, of: method),
      method: method)
  }
}

extension EngineView {
  /// Calls a typed function with each item and, behind it, arguments that are the same in all calls, in one task: references or
  /// values, see ``RemoteArgument``.
  ///
  /// - Returns: the results in the order of the items.
  /// - Throws: ``ReferenceLost``; ``ClientError`` if the engine doesn't exist or an argument can't be encoded.
  public func map<Items: Collection, Given: RemoteArgument, each Rest: RemoteArgument, Output: Codable & Sendable>(
    _ function: RemoteFunction<Items.Element, Given.RemoteValue, repeat (each Rest).RemoteValue, Output>,
    _ items: Items,
    with given: Given, _ rest: repeat each Rest
  ) throws -> AsyncResult<[Output]>
  where
    Items.Element: Codable & Sendable, Given.RemoteValue: Sendable, repeat (each Rest).RemoteValue: Sendable
  {
    try view.map(function, items, with: given, repeat each rest)
  }

  /// Calls a Python function with each item and, behind it, arguments that are the same in all calls, in one task: references or
  /// values, see ``RemoteArgument``.
  ///
  /// - Returns: the results in the order of the items.
  /// - Throws: ``ReferenceLost``; ``ClientError`` if the engine doesn't exist or an argument can't be encoded.
  public func map<Items: Collection, Given: RemoteArgument, each Rest: RemoteArgument, Output: Codable & Sendable>(
    _ function: PythonFunction<Items.Element, Given.RemoteValue, repeat (each Rest).RemoteValue, Output>,
    _ items: Items,
    with given: Given, _ rest: repeat each Rest
  ) throws -> AsyncResult<[Output]>
  where
    Items.Element: Codable & Sendable, Given.RemoteValue: Sendable, repeat (each Rest).RemoteValue: Sendable
  {
    try view.map(function, items, with: given, repeat each rest)
  }
}
