import MartletWire
import MartletZeroMQ

extension DirectView {
  /// Assigns values to names in the namespace of every engine.
  ///
  /// - Parameters:
  ///   - values: the values by name.
  ///   - scope: whether a view of all engines includes those that register later. If it does, there need be none now.
  /// - Throws: ``ClientError`` if an engine doesn't exist, a value can't be encoded, or the scope doesn't fit the view.
  public func push(
    _ values: [String: any Encodable & Sendable], _ scope: PushScope = .presentEngines
  ) throws -> AsyncResult<Void> {
    let call = try Self.pushCall(values)
    guard scope == .includingLaterEngines else { return try run(call, shape: .nothing) }
    return try run(on: try client.addPushed(values, targets), method: call.method, shape: .nothing) { _ in call }
  }

  /// Reads the value of a name in the namespace of every engine.
  ///
  /// - Returns: one value for each engine. An engine without the name fails with a ``RemoteError`` (`NameError`).
  /// - Throws: ``ClientError`` if an engine doesn't exist.
  public func pull<Output: Codable & Sendable>(
    _ name: String, as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    try run(Self.pullCall(.string(name), method: "pull(\(name))"), shape: Self.list("pull(\(name))"))
  }

  /// Reads the values of several names in the namespace of every engine.
  ///
  /// - Returns: for each engine the values in the order of the names.
  /// - Throws: ``ClientError`` if an engine doesn't exist.
  public func pull<Output: Codable & Sendable>(
    _ names: [String], as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[[Output]]> {
    let method = "pull(\(names.joined(separator: ", ")))"
    return try run(Self.pullCall(.list(names.map { .string($0) }), method: method), shape: Self.list(method))
  }

  /// Divides a list into contiguous parts of nearly equal length and assigns one to a name on each engine. If there are
  /// more engines than items, some get an empty list.
  ///
  /// - Throws: ``ClientError`` if an engine doesn't exist or an item can't be encoded.
  public func scatter<Element: Encodable & Sendable>(_ name: String, _ items: [Element]) throws -> AsyncResult<Void> {
    let engines = try client.resolve(targets)
    let ranges = Partition(items.count, into: engines.count).ranges
    let method = "scatter(\(name))"
    let parts = try ranges.map { range in
      // As an array, in which numbers are packed; but bytes remain numbers.
      Element.self == UInt8.self
        ? PickleValue.list(try items[range].map { try Call.encode($0, of: method) })
        : try Call.encode(Array(items[range]), of: method)
    }
    return try scatter(name, parts, to: engines)
  }

  /// Divides an array along its first axis into parts of nearly equal length and assigns one to a name on each engine.
  ///
  /// - Throws: ``ClientError`` if an engine doesn't exist or the array has no axis.
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
    return try scatter(name, parts, to: engines)
  }

  /// Collects the parts of a list that the engines have under a name, and joins them in the order of the engines.
  ///
  /// - Returns: the elements of all parts. An engine without the name fails with a ``RemoteError`` (`NameError`).
  /// - Throws: ``ClientError`` if an engine doesn't exist.
  public func gather<Output: Codable & Sendable>(
    _ name: String, of type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    let method = "gather(\(name))"
    return try run(
      Self.pullCall(.string(name), method: method),
      shape: .chunks(.afterEarlierParts) { reply, _ in
        try ReplyDecoding.value(reply, of: method, as: [Output].self)
      })
  }

  private func scatter(
    _ name: String, _ parts: [PickleValue], to engines: [RegisteredEngine]
  ) throws(ClientError) -> AsyncResult<Void> {
    try run(on: engines, method: "scatter(\(name))", shape: .nothing) { slot in
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
