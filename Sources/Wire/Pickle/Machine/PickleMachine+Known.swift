import MartletZeroMQ

extension PickleMachine {
  /// The value of a call from the short list of those that make plain data; `nil` for any other call.
  mutating func known(module: String, name: String, args: [PickleValue]) throws(PickleError) -> PickleValue? {
    switch module {
    case "builtins": return try builtin(name, args)
    case "_codecs": return name == "encode" ? try latin1(args) : nil
    case "collections": return name == "OrderedDict" ? try orderedDict(args) : nil
    case "copyreg":
      try charge(args.count * 32)
      return Self.copyreg(name, args)
    case "numpy._core.multiarray", "numpy.core.multiarray":
      guard name == "scalar", args.count == 2, case .record(let type) = args[0], let bytes = args[1].bytesValue else {
        return nil
      }
      try charge(bytes.count)
      return DType(type)?.value(of: bytes)
    case "numpy._core.numeric", "numpy.core.numeric":
      guard name == "_frombuffer", args.count == 4, let data = args[0].bytesValue, case .record(let type) = args[1],
        let shape = args[2].shape, case .string(let order) = args[3], let dtype = DType(type)
      else { return nil }
      return (try? NDArray(dtype: dtype.text, shape: shape, data: data, isFortranOrdered: order == "F"))
        .map { .array($0) }
    default: return nil
    }
  }

  private mutating func builtin(_ name: String, _ args: [PickleValue]) throws(PickleError) -> PickleValue? {
    switch (name, args.count) {
    case ("set", 0): return .set(PickleSet())
    case ("frozenset", 0): return .frozenSet(PickleSet())
    case ("bytes", 0): return .bytes(Bytes())
    case ("bytearray", 0): return .bytearray(Bytes())
    case ("set", 1): return args[0].listed.map { .set(PickleSet($0)) }
    case ("frozenset", 1): return args[0].listed.map { .frozenSet(PickleSet($0)) }
    case ("bytearray", 1), ("bytes", 1): return args[0].bytesValue.map { name == "bytes" ? .bytes($0) : .bytearray($0) }
    case ("bytearray", 2): return try latin1(args)?.bytesValue.map { .bytearray($0) }
    case ("complex", 2):
      guard let real = args[0].doubleValue, let imaginary = args[1].doubleValue else { return nil }
      return .complex(real: real, imaginary: imaginary)
    default: return nil
    }
  }

  /// `_codecs.encode(text, "latin1")`, as protocols before 3 write `bytes`.
  private mutating func latin1(_ args: [PickleValue]) throws(PickleError) -> PickleValue? {
    guard args.count == 2, case .string(let text) = args[0], case .string(let codec) = args[1],
      codec == "latin1" || codec == "latin-1"
    else { return nil }
    try charge(text.utf8.count)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      guard let byte = UInt8(exactly: scalar.value) else { throw error(.malformed, "bytes beyond Latin-1") }
      bytes.append(byte)
    }
    return .bytes(Bytes(bytes))
  }

  private mutating func orderedDict(_ args: [PickleValue]) throws(PickleError) -> PickleValue? {
    guard args.count <= 1 else { return nil }
    guard let items = args.first?.listed else { return args.isEmpty ? .dict(PickleDict()) : nil }
    try charge(items.count * 64)
    var dict = PickleDict()
    for item in items {
      guard let pair = item.listed, pair.count == 2 else { return nil }
      dict.pairs.append(PickleDict.Pair(key: pair[0], value: pair[1]))
    }
    return .dict(dict)
  }

  /// The helpers that make objects in protocols before 2, and in later ones inside other calls.
  private static func copyreg(_ name: String, _ args: [PickleValue]) -> PickleValue? {
    guard case .global(let module, let type)? = args.first else { return nil }
    switch name {
    case "_reconstructor":
      guard args.count == 3, args[1] == .global(module: "builtins", name: "object"), args[2] == .none else {
        return nil
      }
      return .record(PickleRecord(module: module, name: type, construction: .new))
    case "__newobj__":
      return .record(PickleRecord(module: module, name: type, construction: .new, args: Array(args.dropFirst())))
    default: return nil
    }
  }
}

extension PickleValue {
  /// The value as the shape of an array.
  var shape: [Int]? {
    guard case .tuple(let items) = self else { return intValue.map { [$0] } }
    guard items.count <= 64 else { return nil }
    let shape = items.compactMap(\.intValue)
    return shape.count == items.count ? shape : nil
  }
}

extension PickleRecord {
  /// Whether this is numpy's empty array, whose content follows as its state.
  var isArrayShell: Bool {
    name == "_reconstruct" && (module == "numpy._core.multiarray" || module == "numpy.core.multiarray")
      && args.first == .global(module: "numpy", name: "ndarray")
  }

  /// The array of the state (version, shape, dtype, is Fortran order, content); `nil` if its elements are not plain.
  var builtArray: NDArray? {
    guard case .tuple(let state)? = state, state.count == 5, let shape = state[1].shape,
      case .record(let type) = state[2], let dtype = DType(type), case .bool(let isFortran) = state[3],
      let data = state[4].bytesValue
    else { return nil }
    return try? NDArray(dtype: dtype.text, shape: shape, data: data, isFortranOrdered: isFortran)
  }
}
