import MartletWire

extension LoadBalancedView {
  /// How many chunks a map has outstanding by default: enough to hide the round trip, few enough that a map of millions
  /// doesn't fill the controller's memory.
  static func defaultWindow(engines: Int) -> Int { max(4 * engines, 1000) }

  /// Calls a typed function with each item. The items are divided into chunks, each of which runs on whichever engine is
  /// free.
  ///
  /// - Parameters:
  ///   - function: the function to call.
  ///   - items: the arguments. An item that can't be encoded fails its chunk.
  ///   - chunkSize: how many items make up a task, at least one. Larger chunks cost less per item and balance worse.
  ///   - window: how many chunks may be outstanding at once, at least one. By default four for each engine and at least
  ///     1,000. Further chunks are packed and sent as results arrive, or as `for await` reads them: so many replies are
  ///     kept at most.
  /// - Returns: the results in the order of the items, each available as soon as its chunk has finished.
  ///   ``AsyncResult/asCompleted`` gives them in the order in which their chunks finish.
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist or a number is out of range.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<Input, Output>, _ items: some Collection<Input>, chunkSize: Int = 1, window: Int? = nil
  ) throws -> AsyncResult<[Output]> {
    let items = Array(items)
    return try calling(function).map(
      function.name, count: items.count, chunkSize: chunkSize, window: window, method: "map(\(function.name))"
    ) { range in
      try items[range].map { try Call.encode($0, of: function.name) }
    }
  }

  /// Calls a typed function with the first item of each collection, with the second ones, and so on, as
  /// ``map(_:_:chunkSize:window:)`` does.
  ///
  /// - Throws: ``ClientError`` if the collections have different lengths, a chosen engine doesn't exist or a number is out of
  ///   range.
  public func map<First: Collection, Second: Collection, each Rest: Collection, Output: Codable & Sendable>(
    _ function: RemoteFunction<First.Element, Second.Element, repeat (each Rest).Element, Output>,
    _ first: First, _ second: Second, _ rest: repeat each Rest, chunkSize: Int = 1, window: Int? = nil
  ) throws -> AsyncResult<[Output]>
  where
    First.Element: Codable & Sendable, Second.Element: Codable & Sendable,
    repeat (each Rest).Element: Codable & Sendable
  {
    try calling(function).map(
      function.name, Column.all(first, second, repeat each rest, of: function.name), chunkSize: chunkSize,
      window: window, method: "map(\(function.name))")
  }

  /// Calls a function by name with each item, as ``map(_:_:chunkSize:window:)`` does.
  ///
  /// - Parameters:
  ///   - name: a name or a Python expression for the function, see ``DirectView/apply(name:args:kwargs:as:)``.
  ///   - items: the arguments.
  ///   - chunkSize: how many items make up a task, at least one.
  ///   - window: how many chunks may be outstanding at once, at least one.
  ///   - type: the type of the results; by default any Python value.
  /// - Throws: ``ClientError`` if a chosen engine doesn't exist or a number is out of range.
  public func map<Output: Codable & Sendable>(
    name: String, _ items: [PickleValue], chunkSize: Int = 1, window: Int? = nil,
    as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try map(name, count: items.count, chunkSize: chunkSize, window: window, method: "map(\(name))") { Array(items[$0]) }
  }

  /// Submits chunks of calls with an argument from each column.
  func map<Output: Codable & Sendable>(
    _ name: String, _ columns: [Column], given: GivenArguments = GivenArguments(), chunkSize: Int, window: Int?,
    method: String
  ) throws -> AsyncResult<[Output]> {
    let count = try Column.length(of: columns, method: method)
    let values = given.values
    return try map(
      count: count, chunkSize: chunkSize, window: window, method: method, references: given.references
    ) { range in
      let items = try columns.map { try $0.encode(range) }
      return chunkSize == 1
        ? Call.apply(name, items.flatMap(\.self) + values, method: method)
        : try Call.map(name, columns: items, given: values, method: method)
    }
  }

  /// Submits chunks of calls with one argument.
  func map<Output: Codable & Sendable>(
    _ name: String, count: Int, chunkSize: Int, window: Int?, method: String,
    items: @escaping @Sendable (Range<Int>) throws -> [PickleValue]
  ) throws -> AsyncResult<[Output]> {
    try map(count: count, chunkSize: chunkSize, window: window, method: method) { range in
      let chunk = try items(range)
      return chunkSize == 1 ? Call.apply(name, chunk, method: method) : try Call.map(name, chunk, method: method)
    }
  }

  /// Submits chunks, each of which is packed when it is its turn.
  private func map<Output: Codable & Sendable>(
    count: Int, chunkSize: Int, window: Int?, method: String, references: CallReferences = CallReferences(),
    pack: @escaping @Sendable (Range<Int>) throws -> Call
  ) throws -> AsyncResult<[Output]> {
    let window = window ?? Self.defaultWindow(engines: client.ids.count)
    guard chunkSize > 0, window > 0 else {
      throw ClientError(
        .invalidArgument,
        "\(method): chunkSize is \(chunkSize) and window is \(window); both must be at least 1")
    }
    try references.checkHomes()
    let chunks = ChunkedRange(count, chunkSize: chunkSize)
    let use = references.isEmpty ? nil : ReferenceUse(arguments: references, tasks: chunks.count)
    let (metadata, collectsOutput) = (try metadata(), collectsOutput)
    let submit = { @Sendable (client: Client, state: ResultState, slot: Int) in
      do {
        client.submit(
          try pack(chunks[slot]), metadata: metadata, collectsOutput: collectsOutput, state: state, slot: slot)
      } catch {
        state.fail(slot, error)
      }
    }
    let state = ResultState(
      total: chunks.count, method: method, label: label, window: window, cancelsRunning: cancelsRunning,
      retries: try retries(submit), references: use)
    use?.begin(submit)
    let feeder = MapFeeder(state: state, window: window) { [weak client] slot in
      // A map doesn't keep its client open: only results do.
      guard let client else { return state.fail(slot, ClientError.closed) }
      submit(client, state, slot)
    }
    feeder.start()
    return AsyncResult(
      client: client, state: state,
      shape: .chunks(.fixed { chunks[$0].lowerBound }) { reply, slot in
        chunkSize == 1
          ? [try ReplyDecoding.value(reply, of: method, as: Output.self)]
          : try ReplyDecoding.elements(reply, count: chunks[slot].count, of: method, as: Output.self)
      }, readers: ResultReaders(client, state))
  }
}
