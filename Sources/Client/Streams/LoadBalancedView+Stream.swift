import MartletWire

extension LoadBalancedView {
  /// Calls a function with each element of a sequence, each on whichever engine is free, and hands out the results as they
  /// are read.
  ///
  /// - Parameters:
  ///   - function: the function to call.
  ///   - source: the elements, as many as there are. One that can't be encoded fails its task.
  ///   - window: how many elements may be under way or unread at once, at least one. With fewer than a few for each engine,
  ///     engines wait for the next task.
  ///   - isOrdered: whether the results come in the order of the source, or in that in which tasks finish.
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist or a number is out of range.
  public func stream<Source: AsyncSequence, Output: Codable & Sendable>(
    _ function: RemoteFunction<Source.Element, Output>, over source: sending Source, window: Int = 64,
    isOrdered: Bool = true
  ) throws -> ResultStream<Output>
  where Source.Element: Codable & Sendable, Source: SendableMetatype, Source.AsyncIterator: SendableMetatype {
    try stream(over: source, window: window, isOrdered: isOrdered) { view, element in
      try view.apply(function, element)
    }
  }

  /// Calls a function with each element of a sequence, see ``stream(_:over:window:isOrdered:)``.
  ///
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist or a number is out of range.
  public func stream<Source: Sequence, Output: Codable & Sendable>(
    _ function: RemoteFunction<Source.Element, Output>, over source: sending Source, window: Int = 64,
    isOrdered: Bool = true
  ) throws -> ResultStream<Output>
  where Source.Element: Codable & Sendable, Source: SendableMetatype, Source.Iterator: SendableMetatype {
    try stream(function, over: AsyncElements(source), window: window, isOrdered: isOrdered)
  }

  /// Calls a Python function with each element of a sequence, see ``stream(_:over:window:isOrdered:)``.
  ///
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist or a number is out of range.
  public func stream<Source: AsyncSequence, Output: Codable & Sendable>(
    _ function: PythonFunction<Source.Element, Output>, over source: sending Source, window: Int = 64,
    isOrdered: Bool = true
  ) throws -> ResultStream<Output>
  where Source.Element: Codable & Sendable, Source: SendableMetatype, Source.AsyncIterator: SendableMetatype {
    try stream(over: source, window: window, isOrdered: isOrdered) { view, element in
      try view.apply(function, element)
    }
  }

  /// Calls a Python function with each element of a sequence, see ``stream(_:over:window:isOrdered:)``.
  ///
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist or a number is out of range.
  public func stream<Source: Sequence, Output: Codable & Sendable>(
    _ function: PythonFunction<Source.Element, Output>, over source: sending Source, window: Int = 64,
    isOrdered: Bool = true
  ) throws -> ResultStream<Output>
  where Source.Element: Codable & Sendable, Source: SendableMetatype, Source.Iterator: SendableMetatype {
    try stream(function, over: AsyncElements(source), window: window, isOrdered: isOrdered)
  }

  func stream<Source: AsyncSequence, Output: Sendable>(
    over source: sending Source, window: Int, isOrdered: Bool,
    submit: @escaping @Sendable (LoadBalancedView, Source.Element) throws -> AsyncResult<Output>
  ) throws -> ResultStream<Output> where Source: SendableMetatype, Source.AsyncIterator: SendableMetatype {
    guard window > 0 else { throw ClientError(.invalidArgument, "window is \(window); it must be at least 1") }
    // Wrong options are an error of this call, not of each task.
    _ = try metadata()
    try retry?.validate()
    let feed = StreamFeed<Output>(window: window, isOrdered: isOrdered)
    let feeder = Task { await feed.run(source) { try submit(self, $0) } }
    return ResultStream(feed, feeder: feeder)
  }
}

/// A sequence as an asynchronous one.
struct AsyncElements<Base: Sequence>: AsyncSequence {
  typealias Element = Base.Element

  struct AsyncIterator: AsyncIteratorProtocol {
    var base: Base.Iterator

    mutating func next() async -> Base.Element? { base.next() }
  }

  private let base: Base

  init(_ base: Base) { self.base = base }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeIterator()) }
}
