import MartletZeroMQ

/// An object as frames: its pickle, with canned objects inside, and the large buffers taken out of it
/// (`serialize_object` and `deserialize_object` of ipyparallel/serialize/serialize.py).
public enum ResultBuffers {
  /// The frames of a value.
  ///
  /// `bytes` and array contents of more than 1,024 bytes become frames without a copy, if they are the value itself or an
  /// item of a list, tuple, set or dict of fewer than 64 items. Dicts are sorted by key, as in Python.
  public static func serialize(_ value: PickleValue) -> [Bytes] {
    if case .none = value { return none }
    var buffers: [Bytes] = [Bytes()]
    let canned: PickleValue
    switch value {
    case .list(let items) where items.count < Canning.itemThreshold:
      canned = .list(items.map { Canning.can($0, movingLargeTo: &buffers) })
    case .tuple(let items) where items.count < Canning.itemThreshold:
      canned = .tuple(items.map { Canning.can($0, movingLargeTo: &buffers) })
    case .set(let set) where set.elements.count < Canning.itemThreshold:
      canned = .set(PickleSet(set.elements.map { Canning.can($0, movingLargeTo: &buffers) }))
    case .dict(let dict) where dict.count < Canning.itemThreshold:
      canned = .dict(
        PickleDict(
          dict.sortedByKey().map { pair in
            PickleDict.Pair(key: pair.key, value: Canning.can(pair.value, movingLargeTo: &buffers))
          }))
    case .reference(let name):
      if let pickle = ApplyTemplates.reference(name) { return [pickle] }
      canned = value
    default: canned = Canning.can(value, movingLargeTo: &buffers)
    }
    buffers[0] = PickleEncoder().encode(canned)
    return buffers
  }

  /// The frames of None, which many functions return.
  private static let none = [PickleEncoder().encode(.none)]

  /// Reads one value from the front of the frames.
  ///
  /// - Returns: the value, and the remaining frames.
  /// - Throws: `PickleError` if a frame is missing or is not a pickle.
  public static func deserialize(
    _ frames: [Bytes], decoder: PickleDecoder = PickleDecoder()
  ) throws(PickleError) -> (value: PickleValue, rest: [Bytes]) {
    var rest = frames[...]
    let value = try take(from: &rest, decoder)
    return (value, Array(rest))
  }

  /// Reads one value from the front of the frames and removes the frames it used.
  static func take(
    from frames: inout ArraySlice<Bytes>, _ decoder: PickleDecoder
  ) throws(PickleError) -> PickleValue {
    guard let pickle = frames.popFirst() else { throw PickleError(.mismatch, "the frames end before the values do") }
    if pickle == none[0] { return .none }
    if let name = ApplyTemplates.referenceName(pickle) { return .reference(name) }
    let canned = try decoder.decode(pickle)
    switch canned {
    case .none, .bool, .int, .float, .string: return canned
    case .list(let items) where items.count < Canning.itemThreshold:
      return .list(try uncan(items, &frames, decoder))
    case .tuple(let items) where items.count < Canning.itemThreshold:
      return .tuple(try uncan(items, &frames, decoder))
    case .set(let set) where set.elements.count < Canning.itemThreshold:
      return .set(PickleSet(try uncan(set.elements, &frames, decoder)))
    case .dict(let dict) where dict.count < Canning.itemThreshold:
      var pairs = dict.sortedByKey()
      for index in pairs.indices {
        pairs[index].value = try Canning.uncan(Canning.restore(pairs[index].value, from: &frames), decoder)
      }
      return .dict(PickleDict(pairs))
    default: return try Canning.uncan(Canning.restore(canned, from: &frames), decoder)
    }
  }

  private static func uncan(
    _ items: [PickleValue], _ frames: inout ArraySlice<Bytes>, _ decoder: PickleDecoder
  ) throws(PickleError) -> [PickleValue] {
    var out: [PickleValue] = []
    out.reserveCapacity(items.count)
    for item in items {
      if case .record = item {
        out.append(try Canning.uncan(Canning.restore(item, from: &frames), decoder))
      } else {
        out.append(try Canning.uncan(item, decoder))
      }
    }
    return out
  }
}
