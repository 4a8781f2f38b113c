import MartletWire

// Maps with arguments that are the same in all calls.
extension LoadBalancedView {
  /// Calls a typed function with each item and, behind it, arguments that are the same in all calls: references, whose values
  /// each engine gets once, or values, see ``RemoteArgument``. The tasks go to any of the view's engines, as those of
  /// ``map(_:_:chunkSize:window:)``.
  ///
  /// ```swift
  /// let scores = try await view.map(score, rows, with: weights).value   // weights is a Broadcast, or a RemoteReference
  /// ```
  /// - Throws: ``ReferenceLost``; ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or a number is
  ///   out of range.
  public func map<Items: Collection, Given: RemoteArgument, each Rest: RemoteArgument, Output: Codable & Sendable>(
    _ function: RemoteFunction<Items.Element, Given.RemoteValue, repeat (each Rest).RemoteValue, Output>,
    _ items: Items,
    with given: Given, _ rest: repeat each Rest, chunkSize: Int = 1, window: Int? = nil
  ) throws -> AsyncResult<[Output]>
  where
    Items.Element: Codable & Sendable, Given.RemoteValue: Sendable, repeat (each Rest).RemoteValue: Sendable
  {
    let method = "map(\(function.name))"
    return try calling(function).map(
      function.name, [Column(items, of: method)], given: try GivenArguments(given, repeat each rest, of: method),
      chunkSize: chunkSize, window: window, method: method)
  }

  /// Calls a Python function with each item and, behind it, arguments that are the same in all calls: references, whose values
  /// each engine gets once, or values, see ``RemoteArgument``. The tasks go to any of the view's engines, as those of
  /// ``map(_:_:chunkSize:window:)``.
  ///
  /// ```swift
  /// let scores = try await view.map(score, rows, with: weights).value   // weights is a Broadcast, or a RemoteReference
  /// ```
  /// - Throws: ``ReferenceLost``; ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or a number is
  ///   out of range.
  public func map<Items: Collection, Given: RemoteArgument, each Rest: RemoteArgument, Output: Codable & Sendable>(
    _ function: PythonFunction<Items.Element, Given.RemoteValue, repeat (each Rest).RemoteValue, Output>,
    _ items: Items,
    with given: Given, _ rest: repeat each Rest, chunkSize: Int = 1, window: Int? = nil
  ) throws -> AsyncResult<[Output]>
  where
    Items.Element: Codable & Sendable, Given.RemoteValue: Sendable, repeat (each Rest).RemoteValue: Sendable
  {
    let method = "map(\(function.expression))"
    return try map(
      function.source, [Column(items, of: method)], given: try GivenArguments(given, repeat each rest, of: method),
      chunkSize: chunkSize, window: window, method: method)
  }
}
