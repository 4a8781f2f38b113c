import MartletWire

extension DirectView {
  /// Calls a typed function with each item. The items are divided into contiguous chunks of nearly equal length, one for
  /// each engine.
  ///
  /// - Returns: the results in the order of the items. The results of a chunk are available as soon as its engine has
  ///   finished.
  /// - Throws: ``ClientError`` if an engine doesn't exist or an item can't be encoded.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<Input, Output>, _ items: some Collection<Input>
  ) throws -> AsyncResult<[Output]> {
    try map(name: function.name, try items.map { try Call.encode($0, of: function.name) }, as: Output.self)
  }

  /// Calls a function by name with each item, as ``map(_:_:)`` does.
  ///
  /// - Parameters:
  ///   - name: a name or a Python expression for the function, see ``apply(name:args:kwargs:as:)``.
  ///   - items: the arguments.
  ///   - type: the type of the results; by default any Python value.
  /// - Returns: the results in the order of the items.
  /// - Throws: ``ClientError`` if an engine doesn't exist.
  public func map<Output: Codable & Sendable>(
    name: String, _ items: [PickleValue], as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try map(name, items, method: "map(\(name))")
  }

  func map<Output: Codable & Sendable>(
    _ name: String, _ items: [PickleValue], method: String
  ) throws -> AsyncResult<[Output]> {
    let engines = try client.resolve(targets)
    let ranges = Partition(items.count, into: engines.count).ranges.filter { !$0.isEmpty }
    let shape: ResultShape<[Output]> = .chunks(.fixed { ranges[$0].lowerBound }) { reply, slot in
      try ReplyDecoding.elements(reply, count: ranges[slot].count, of: method, as: Output.self)
    }
    let calls = try ranges.map { try Call.map(name, Array(items[$0]), method: method) }
    return run(on: Array(engines.prefix(ranges.count)), method: method, shape: shape) { calls[$0] }
  }
}
