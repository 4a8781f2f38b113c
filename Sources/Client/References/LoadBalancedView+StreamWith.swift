import MartletWire
import MartletZeroMQ

// Streams with arguments that are the same in all calls.
extension LoadBalancedView {
  /// Calls a typed function with each element of a sequence and, behind it, arguments that are the same in all calls: references,
  /// whose values each engine gets once, or values, see ``RemoteArgument`` and ``stream(_:over:window:isOrdered:)``.
  ///
  /// - Throws: ``ReferenceLost``; ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or a number is
  ///   out of range.
  public func stream<
    Source: AsyncSequence, Given: RemoteArgument, each Rest: RemoteArgument, Output: Codable & Sendable
  >(
    _ function: RemoteFunction<Source.Element, Given.RemoteValue, repeat (each Rest).RemoteValue, Output>,
    over source: sending Source, with given: Given, _ rest: repeat each Rest, window: Int = 64, isOrdered: Bool = true
  ) throws -> ResultStream<Output>
  where
    Source.Element: Codable & Sendable, Source: SendableMetatype, Source.AsyncIterator: SendableMetatype,
    Given.RemoteValue: Sendable, repeat (each Rest).RemoteValue: Sendable
  {
    try calling(function).stream(
      function.reference, over: source, given: try GivenArguments(given, repeat each rest, of: function.name),
      window: window,
      isOrdered: isOrdered, method: function.name)
  }

  /// Calls a typed function with each element of a sequence and, behind it, arguments that are the same in all calls: references,
  /// whose values each engine gets once, or values, see ``RemoteArgument`` and ``stream(_:over:window:isOrdered:)``.
  ///
  /// - Throws: ``ReferenceLost``; ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or a number is
  ///   out of range.
  public func stream<Source: Sequence, Given: RemoteArgument, each Rest: RemoteArgument, Output: Codable & Sendable>(
    _ function: RemoteFunction<Source.Element, Given.RemoteValue, repeat (each Rest).RemoteValue, Output>,
    over source: sending Source, with given: Given, _ rest: repeat each Rest, window: Int = 64, isOrdered: Bool = true
  ) throws -> ResultStream<Output>
  where
    Source.Element: Codable & Sendable, Source: SendableMetatype, Source.Iterator: SendableMetatype,
    Given.RemoteValue: Sendable, repeat (each Rest).RemoteValue: Sendable
  {
    try stream(
      function, over: AsyncElements(source), with: given, repeat each rest, window: window, isOrdered: isOrdered)
  }

  /// Calls a Python function with each element of a sequence and, behind it, arguments that are the same in all calls: references,
  /// whose values each engine gets once, or values, see ``RemoteArgument`` and ``stream(_:over:window:isOrdered:)``.
  ///
  /// - Throws: ``ReferenceLost``; ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or a number is
  ///   out of range.
  public func stream<
    Source: AsyncSequence, Given: RemoteArgument, each Rest: RemoteArgument, Output: Codable & Sendable
  >(
    _ function: PythonFunction<Source.Element, Given.RemoteValue, repeat (each Rest).RemoteValue, Output>,
    over source: sending Source, with given: Given, _ rest: repeat each Rest, window: Int = 64, isOrdered: Bool = true
  ) throws -> ResultStream<Output>
  where
    Source.Element: Codable & Sendable, Source: SendableMetatype, Source.AsyncIterator: SendableMetatype,
    Given.RemoteValue: Sendable, repeat (each Rest).RemoteValue: Sendable
  {
    try stream(
      function.reference, over: source, given: try GivenArguments(given, repeat each rest, of: function.expression),
      window: window,
      isOrdered: isOrdered, method: function.expression)
  }

  /// Calls a Python function with each element of a sequence and, behind it, arguments that are the same in all calls: references,
  /// whose values each engine gets once, or values, see ``RemoteArgument`` and ``stream(_:over:window:isOrdered:)``.
  ///
  /// - Throws: ``ReferenceLost``; ``ClientError`` if a chosen engine doesn't exist, an argument can't be encoded, or a number is
  ///   out of range.
  public func stream<Source: Sequence, Given: RemoteArgument, each Rest: RemoteArgument, Output: Codable & Sendable>(
    _ function: PythonFunction<Source.Element, Given.RemoteValue, repeat (each Rest).RemoteValue, Output>,
    over source: sending Source, with given: Given, _ rest: repeat each Rest, window: Int = 64, isOrdered: Bool = true
  ) throws -> ResultStream<Output>
  where
    Source.Element: Codable & Sendable, Source: SendableMetatype, Source.Iterator: SendableMetatype,
    Given.RemoteValue: Sendable, repeat (each Rest).RemoteValue: Sendable
  {
    try stream(
      function, over: AsyncElements(source), with: given, repeat each rest, window: window, isOrdered: isOrdered)
  }

  /// Calls a function with each element on any engine. One that lacks a value is sent it.
  private func stream<Source: AsyncSequence, Output: Codable & Sendable>(
    _ function: [Bytes], over source: sending Source, given: GivenArguments, window: Int, isOrdered: Bool,
    method: String
  ) throws -> ResultStream<Output>
  where Source.Element: Codable & Sendable, Source: SendableMetatype, Source.AsyncIterator: SendableMetatype {
    try given.references.checkHomes()
    return try stream(over: source, window: window, isOrdered: isOrdered) { view, element in
      let call = Call.apply(function, [try Call.encode(element, of: method)] + given.values, method: method)
      return try view.run(
        call, shape: EngineView.single(method),
        references: given.references.isEmpty ? nil : ReferenceUse(arguments: given.references))
    }
  }
}
