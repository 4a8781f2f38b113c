import MartletWire
import MartletZeroMQ

extension DirectView {
  /// Sets names in the namespace of every engine.
  ///
  /// - Throws: ``ClientError`` when an engine doesn't exist or a value can't be sent.
  public func push(_ values: [String: any Encodable & Sendable]) throws -> AsyncResult<Void> {
    try send(try Self.pushCall(values), shape: .nothing)
  }

  /// Reads a name of every engine's namespace.
  ///
  /// - Returns: one value an engine; a name that isn't there becomes a ``RemoteError`` (`NameError`).
  /// - Throws: ``ClientError`` when an engine doesn't exist.
  public func pull<Output: Codable & Sendable>(
    _ name: String, as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try send(Self.pullCall(.string(name), method: "pull(\(name))"), shape: Self.list("pull(\(name))"))
  }

  /// Reads several names of every engine's namespace.
  ///
  /// - Returns: for each engine the values in the order of the names.
  /// - Throws: ``ClientError`` when an engine doesn't exist.
  public func pull<Output: Codable & Sendable>(
    _ names: [String], as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[[Output]]> {
    let method = "pull(\(names.joined(separator: ", ")))"
    return try send(Self.pullCall(.list(names.map { .string($0) }), method: method), shape: Self.list(method))
  }

  /// Gives each engine a contiguous stretch of a list under a name; with more engines than items some get an empty one.
  ///
  /// - Throws: ``ClientError`` when an engine doesn't exist or an item can't be sent.
  public func scatter<Element: Encodable & Sendable>(_ name: String, _ items: [Element]) throws -> AsyncResult<Void> {
    let engines = try client.resolve(targets)
    let ranges = Partition(items.count, into: engines.count).ranges
    let parts = try ranges.map { range in
      PickleValue.list(try items[range].map { try Call.encode($0, of: "scatter(\(name))") })
    }
    return scatter(name, parts, to: engines)
  }

  /// Gives each engine a contiguous stretch of an array's first axis under a name.
  ///
  /// - Throws: ``ClientError`` when an engine doesn't exist or the array has no axis.
  public func scatter(_ name: String, _ array: NDArray) throws -> AsyncResult<Void> {
    let engines = try client.resolve(targets)
    let whole = array.rowMajor
    guard let rows = whole.shape.first else {
      throw ClientError(.invalidArgument, "scatter(\(name)): an array without axes can't be divided")
    }
    let size = rows == 0 ? 0 : whole.data.count / rows
    let parts = try Partition(rows, into: engines.count).ranges.map { range in
      PickleValue.array(
        try NDArray(
          dtype: whole.dtype, shape: [range.count] + whole.shape.dropFirst(),
          data: whole.data[range.lowerBound * size..<range.upperBound * size]))
    }
    return scatter(name, parts, to: engines)
  }

  /// Collects the stretches of a list that the engines have under a name.
  ///
  /// - Returns: the elements in the order of the engines.
  /// - Throws: ``ClientError`` when an engine doesn't exist.
  public func gather<Output: Codable & Sendable>(
    _ name: String, of type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    let method = "gather(\(name))"
    return try send(
      Self.pullCall(.string(name), method: method),
      // Where a stretch begins is known only when those before it are there.
      shape: .chunks(start: { $0 }) { try ReplyDecoding.value($0, of: method, as: [Output].self) })
  }

  private func scatter(_ name: String, _ parts: [PickleValue], to engines: [EngineIdentity]) -> AsyncResult<Void> {
    send(to: engines, method: "scatter(\(name))", shape: .nothing) { slot in
      .apply(BuiltinFunction.push.rawValue, [], [(name, parts[slot])], method: "scatter(\(name))")
    }
  }

  static func pushCall(_ values: [String: any Encodable & Sendable]) throws(ClientError) -> Call {
    let names = values.keys.sorted()
    let method = "push(\(names.joined(separator: ", ")))"
    var kwargs: [(String, PickleValue)] = []
    for name in names {
      guard let value = values[name] else { continue }
      kwargs.append((name, try Call.encode(value, of: method)))
    }
    return .apply(BuiltinFunction.push.rawValue, [], kwargs, method: method)
  }

  static func pullCall(_ names: PickleValue, method: String) -> Call {
    .apply(BuiltinFunction.pull.rawValue, [names], method: method)
  }
}
