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

  /// Calls a typed function with the first item of each collection, with the second ones, and so on, as ``map(_:_:)`` does.
  ///
  /// - Throws: ``ClientError`` if the collections have different lengths, an engine doesn't exist or an item can't be
  ///   encoded.
  public func map<First: Collection, Second: Collection, each Rest: Collection, Output: Codable & Sendable>(
    _ function: RemoteFunction<First.Element, Second.Element, repeat (each Rest).Element, Output>,
    _ first: First, _ second: Second, _ rest: repeat each Rest
  ) throws -> AsyncResult<[Output]>
  where
    First.Element: Codable & Sendable, Second.Element: Codable & Sendable,
    repeat (each Rest).Element: Codable & Sendable
  {
    try map(
      function.name, Column.all(first, second, repeat each rest, of: function.name), method: "map(\(function.name))")
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
    _ name: String, _ columns: [Column], given: GivenArguments = GivenArguments(), method: String
  ) throws -> AsyncResult<[Output]> {
    let count = try Column.length(of: columns, method: method)
    return try map(count: count, method: method, references: given.references) { range in
      try Call.map(name, columns: try columns.map { try $0.encode(range) }, given: given.values, method: method)
    }
  }

  func map<Output: Codable & Sendable>(
    _ name: String, _ items: [PickleValue], method: String
  ) throws -> AsyncResult<[Output]> {
    try map(count: items.count, method: method) { try Call.map(name, Array(items[$0]), method: method) }
  }

  private func map<Output: Codable & Sendable>(
    count: Int, method: String, references: CallReferences = CallReferences(), pack: (Range<Int>) throws -> Call
  ) throws -> AsyncResult<[Output]> {
    let all = try client.resolve(targets)
    try references.checkHomes()
    let ranges = Partition(count, into: all.count).ranges.filter { !$0.isEmpty }
    let engines = Array(all.prefix(ranges.count))
    let shape: ResultShape<[Output]> = .chunks(.fixed { ranges[$0].lowerBound }) { reply, slot in
      try ReplyDecoding.elements(reply, count: ranges[slot].count, of: method, as: Output.self)
    }
    let calls = try ranges.map(pack)
    let use = references.isEmpty ? nil : ReferenceUse(arguments: references, targets: engines, tasks: engines.count)
    return try run(on: engines, method: method, shape: shape, references: use) { calls[$0] }
  }
}
