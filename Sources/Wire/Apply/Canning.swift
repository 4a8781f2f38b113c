import MartletZeroMQ

/// ipyparallel's `can` and `uncan` (ipyparallel/serialize/canning.py) for the types that ``PickleValue`` represents.
enum Canning {
  /// Buffers of more bytes than this travel in separate frames (jupyter_client's MAX_BYTES).
  static let bufferThreshold = 1_024
  /// Containers of at least this many items are pickled without canning their items (jupyter_client's MAX_ITEMS).
  static let itemThreshold = 64

  /// Returns the value to be pickled and moves its large buffers to `buffers`.
  static func can(_ value: PickleValue, movingLargeTo buffers: inout [Bytes]) -> PickleValue {
    switch value {
    case .bytes(let bytes):
      return .record(.canned("CannedBytes", [("buffers", .list([move(bytes, to: &buffers)]))]))
    case .array(let array):
      // ipyparallel pickles empty arrays and arrays without dimensions whole, by this test.
      let isPickled = array.shape.allSatisfy { $0 == 0 }
      let data = isPickled ? PickleEncoder().encode(value) : array.rowMajor.data
      return .record(
        .canned(
          "CannedArray",
          [
            ("shape", .tuple(array.shape.map { .int($0) })), ("dtype", .string(array.dtype)),
            ("pickled", .bool(isPickled)), ("buffers", .list([move(data, to: &buffers)])),
          ]))
    case .record(let record):
      guard let held = record.cannedBuffers, !held.isEmpty else { return value }
      return .record(record.with(buffers: held.map { $0.bytesValue.map { move($0, to: &buffers) } ?? $0 }))
    default: return value
    }
  }

  private static func move(_ bytes: Bytes, to buffers: inout [Bytes]) -> PickleValue {
    guard bytes.count > bufferThreshold else { return .bytes(bytes) }
    buffers.append(bytes)
    return .none
  }

  /// Puts the next frames in the places of a canned object's large buffers.
  static func restore(_ value: PickleValue, from frames: inout ArraySlice<Bytes>) throws(PickleError) -> PickleValue {
    guard case .record(let record) = value, let held = record.cannedBuffers, held.contains(.none) else { return value }
    var restored: [PickleValue] = []
    for buffer in held {
      guard buffer == .none else {
        restored.append(buffer)
        continue
      }
      guard let frame = frames.popFirst() else { throw PickleError(.mismatch, "a canned object lacks its buffer") }
      restored.append(.bytes(frame))
    }
    return .record(record.with(buffers: restored))
  }

  /// The original of a canned value. Canned bytes, memory views and arrays become values, also inside dicts; canned
  /// functions and all others remain records.
  static func uncan(_ value: PickleValue, _ decoder: PickleDecoder) throws(PickleError) -> PickleValue {
    switch value {
    case .dict(var dict):
      for index in dict.pairs.indices { dict.pairs[index].value = try uncan(dict.pairs[index].value, decoder) }
      return .dict(dict)
    case .record(let record):
      switch record.cannedClass {
      case "CannedBytes", "CannedMemoryView", "CannedBuffer": return .bytes(try onlyBuffer(record))
      case "CannedArray": return try uncanArray(record, decoder) ?? value
      default: return value
      }
    default: return value
    }
  }

  /// The array; `nil` if its elements are not plain (a structured dtype).
  private static func uncanArray(
    _ record: PickleRecord, _ decoder: PickleDecoder
  ) throws(PickleError) -> PickleValue? {
    let data = try onlyBuffer(record)
    if record["pickled"] == .bool(true) { return try decoder.decode(data) }
    guard case .string(let dtype)? = record["dtype"], let type = DType(dtype), let shape = record["shape"]?.shape else {
      return nil
    }
    return .array(try NDArray(dtype: type.text, shape: shape, data: data))
  }

  private static func onlyBuffer(_ record: PickleRecord) throws(PickleError) -> Bytes {
    guard let buffers = record.cannedBuffers, buffers.count == 1, let bytes = buffers.first?.bytesValue else {
      throw PickleError(.mismatch, "a \(record.name) without its one buffer")
    }
    return bytes
  }
}
