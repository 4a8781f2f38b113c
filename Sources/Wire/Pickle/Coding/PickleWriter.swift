import MartletZeroMQ

/// The state of one pickle being written.
struct PickleWriter {
  var out: [UInt8] = []
  private let version: PickleEncoder.Version
  private var depth = 0
  /// The memo indices of strings that are likely to repeat: the keys of inner dicts and the names of globals.
  private var strings: [String: Int] = [:]

  init(version: PickleEncoder.Version) { self.version = version }

  mutating func write(_ value: PickleValue) {
    switch value {
    case .none: put(.none)
    case .bool(let value): put(value ? .newTrue : .newFalse)
    case .int(let value): write(value)
    case .bigInt(let value): writeLong(value.bytes)
    case .float(let value): write(value)
    case .complex(let real, let imaginary):
      writeGlobal("builtins", "complex")
      write(real)
      write(imaginary)
      put(.tuple2)
      put(.reduce)
    case .string(let value): write(value)
    case .bytes(let value): write(value)
    case .bytearray(let value): writeByteArray(value)
    case .list(let items): writeList(items)
    case .tuple(let items): writeTuple(items)
    case .dict(let dict): writeDict(dict)
    case .set(let set):
      put(.emptySet)
      if !set.elements.isEmpty { writeMarked(set.elements, .addItems) }
    case .frozenSet(let set): writeMarked(set.elements, .frozenSet)
    case .array(let array): write(array)
    case .reference(let name):
      write(.record(.canned("Reference", [("name", .string(name)), ("buffers", .list([]))])))
    case .record(let record): write(record)
    case .global(let module, let name): writeGlobal(module, name)
    }
  }

  // MARK: Scalars

  mutating func put(_ opcode: PickleOpcode) { out.append(opcode.rawValue) }

  mutating func append<T: FixedWidthInteger>(_ value: T) {
    var rest = value
    for _ in 0..<T.bitWidth / 8 {
      out.append(UInt8(truncatingIfNeeded: rest))
      rest = rest >> 8
    }
  }

  mutating func write(_ value: Int) {
    if value >= 0, value < 256 {
      put(.binInt1)
      append(UInt8(value))
    } else if value >= 0, value < 65_536 {
      put(.binInt2)
      append(UInt16(value))
    } else if let small = Int32(exactly: value) {
      put(.binInt)
      append(small)
    } else {
      writeLong(BigInteger(twosComplement: (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }).bytes)
    }
  }

  private mutating func writeLong(_ bytes: [UInt8]) {
    if bytes.count < 256 {
      put(.long1)
      append(UInt8(bytes.count))
    } else {
      put(.long4)
      append(UInt32(truncatingIfNeeded: bytes.count))
    }
    out.append(contentsOf: bytes)
  }

  private mutating func write(_ value: Double) {
    put(.binFloat)
    append(value.bitPattern.byteSwapped)
  }

  mutating func write(_ value: String) {
    writeLength(value.utf8.count, .shortBinUnicode, .binUnicode, .binUnicode8)
    out.append(contentsOf: value.utf8)
  }

  mutating func write(_ value: Bytes) {
    writeLength(value.count, .shortBinBytes, .binBytes, .binBytes8)
    append(value)
  }

  private mutating func append(_ bytes: Bytes) {
    if bytes.count > 32 {
      out.append(contentsOf: bytes.array)
    } else {
      bytes.withSpan { span in
        for index in span.indices { out.append(span[index]) }
      }
    }
  }

  private mutating func writeByteArray(_ value: Bytes) {
    if version == .five {
      put(.byteArray8)
      append(UInt64(value.count))
      append(value)
    } else {
      writeGlobal("builtins", "bytearray")
      write(value)
      put(.tuple1)
      put(.reduce)
    }
  }

  private mutating func writeLength(
    _ count: Int, _ short: PickleOpcode, _ normal: PickleOpcode, _ long: PickleOpcode
  ) {
    if count < 256 {
      put(short)
      append(UInt8(count))
    } else if let count = UInt32(exactly: count) {
      put(normal)
      append(count)
    } else {
      put(long)
      append(UInt64(count))
    }
  }

  // MARK: Containers

  private mutating func writeMarked(_ items: [PickleValue], _ end: PickleOpcode) {
    put(.mark)
    depth += 1
    for item in items { write(item) }
    depth -= 1
    put(end)
  }

  private mutating func writeList(_ items: [PickleValue]) {
    put(.emptyList)
    if !items.isEmpty { writeMarked(items, .appends) }
  }

  private mutating func writeTuple(_ items: [PickleValue]) {
    guard items.count < 4 else { return writeMarked(items, .tuple) }
    depth += 1
    for item in items { write(item) }
    depth -= 1
    switch items.count {
    case 0: put(.emptyTuple)
    case 1: put(.tuple1)
    case 2: put(.tuple2)
    default: put(.tuple3)
    }
  }

  private mutating func writeDict(_ dict: PickleDict) {
    put(.emptyDict)
    writePairs(dict.pairs)
  }

  private mutating func writePairs(_ pairs: [PickleDict.Pair]) {
    guard !pairs.isEmpty else { return }
    put(.mark)
    depth += 1
    for pair in pairs {
      // An inner dict is likely to be one of many with the same keys.
      if depth > 1, case .string(let key) = pair.key { writeRepeated(key) } else { write(pair.key) }
      write(pair.value)
    }
    depth -= 1
    put(.setItems)
  }

  /// Writes a string that is likely to repeat: in full the first time, when it is memoized, and as a reference after that.
  private mutating func writeRepeated(_ value: String) {
    guard let slot = strings[value] else {
      write(value)
      put(.memoize)
      strings[value] = strings.count
      return
    }
    if let slot = UInt8(exactly: slot) {
      put(.binGet)
      append(slot)
    } else {
      put(.longBinGet)
      append(UInt32(truncatingIfNeeded: slot))
    }
  }

  // MARK: Objects

  private mutating func writeGlobal(_ module: String, _ name: String) {
    writeRepeated(module)
    writeRepeated(name)
    put(.stackGlobal)
  }

  private mutating func write(_ record: PickleRecord) {
    writeGlobal(record.module, record.name)
    writeTuple(record.args)
    if record.construction == .call {
      put(.reduce)
    } else if record.kwargs.isEmpty {
      put(.newObj)
    } else {
      writeDict(record.kwargs)
      put(.newObjEx)
    }
    if !record.items.isEmpty { writeMarked(record.items, .appends) }
    writePairs(record.entries.pairs)
    if let state = record.state {
      depth += 1
      write(state)
      depth -= 1
      put(.build)
    }
  }

  /// Writes an array as numpy does: an empty array, then its state. numpy 1 and 2 both have this module path.
  private mutating func write(_ array: NDArray) {
    writeGlobal("numpy.core.multiarray", "_reconstruct")
    writeGlobal("numpy", "ndarray")
    writeTuple([.int(0)])
    write(Bytes([0x62]))
    put(.tuple3)
    put(.reduce)
    put(.mark)
    write(1)
    writeTuple(array.shape.map { .int($0) })
    writeGlobal("numpy", "dtype")
    write(array.dtype)
    put(.newFalse)
    put(.newTrue)
    put(.tuple3)
    put(.reduce)
    put(array.isFortranOrdered ? .newTrue : .newFalse)
    write(array.data)
    put(.tuple)
    put(.build)
  }
}
