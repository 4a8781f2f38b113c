import MartletWire

extension DirectView {
  /// Calls a typed function with each item, one contiguous stretch of the items per engine.
  ///
  /// - Returns: the results in the order of the items; each engine's stretch can be had as soon as it is done.
  /// - Throws: ``ClientError`` when an engine doesn't exist or an item can't be sent.
  public func map<Input: Codable & Sendable, Output: Codable & Sendable>(
    _ function: RemoteFunction<Input, Output>, _ items: some Collection<Input>
  ) throws -> AsyncResult<[Output]> {
    try map(name: function.name, try items.map { try Call.encode($0, of: function.name) }, as: Output.self)
  }

  /// Calls a function, given by its name or Python expression, with each item.
  ///
  /// - Returns: as ``map(_:_:)``.
  /// - Throws: ``ClientError`` when an engine doesn't exist.
  public func map<Output: Codable & Sendable>(
    name: String, _ items: [PickleValue], as type: Output.Type = PickleValue.self
  ) throws -> AsyncResult<[Output]> {
    let engines = try client.resolve(targets)
    let ranges = Partition(items.count, into: engines.count).ranges.filter { !$0.isEmpty }
    let method = "map(\(name))"
    let start: @Sendable (Int) -> Int = { ranges[$0].lowerBound }
    let shape: ResultShape<[Output]> = .chunks(start: start) {
      try MapReply.elements($0, of: method, as: Output.self)
    }
    return send(to: Array(engines.prefix(ranges.count)), method: method, shape: shape) { slot in
      .map(name, Array(items[ranges[slot]]))
    }
  }
}

/// Reads the reply to one chunk of a map.
enum MapReply {
  /// The results of the chunk's items.
  ///
  /// - Throws: ``ClientError/Code/wrongResultType`` that names the function and both types.
  static func elements<Output: Decodable>(
    _ reply: TaskReply, of method: String, as type: Output.Type
  ) throws -> [Output] {
    let value = try ReplyDecoding.first(reply.buffers, of: method).value
    guard let elements = value.elements else {
      throw ClientError(.wrongResultType, "\(method) should give a list of \(type), got \(value.typeName)")
    }
    return try elements.map { try ReplyDecoding.decode($0, of: method, as: type) }
  }
}
