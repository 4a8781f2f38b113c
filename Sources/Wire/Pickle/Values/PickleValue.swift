import MartletZeroMQ

/// A Python value as data. Nothing in it can run: an object of an unknown class is a ``PickleRecord``.
///
/// Equality is structural: the order of dictionaries matters, that of sets does not.
public enum PickleValue: Sendable, Hashable {
  /// `None`.
  case none
  /// `True` or `False`.
  case bool(Bool)
  /// An `int` of at most 64 bits.
  case int(Int)
  /// An `int` too large for ``int(_:)``.
  case bigInt(BigInteger)
  /// A `float`.
  case float(Double)
  /// A `complex`.
  case complex(real: Double, imaginary: Double)
  /// A `str`.
  case string(String)
  /// `bytes`.
  case bytes(Bytes)
  /// A `bytearray`.
  case bytearray(Bytes)
  /// A `list`.
  case list([PickleValue])
  /// A `tuple`.
  case tuple([PickleValue])
  /// A `dict` (or `collections.OrderedDict`).
  case dict(PickleDict)
  /// A `set`.
  case set(PickleSet)
  /// A `frozenset`.
  case frozenSet(PickleSet)
  /// A `numpy.ndarray` of plain elements.
  indirect case array(NDArray)
  /// An `ipyparallel.serialize.canning.Reference`: the name of an object on the engine.
  case reference(String)
  /// An object of any other class, inert.
  indirect case record(PickleRecord)
  /// A class or function by module and name, never looked up.
  indirect case global(module: String, name: String)

  /// The integer with these little-endian two's complement bytes.
  public static func integer(twosComplement bytes: [UInt8]) -> PickleValue {
    let big = BigInteger(twosComplement: bytes)
    if let small = big.int { return .int(small) }
    return .bigInt(big)
  }

  /// An integer that may not fit ``int(_:)``.
  public static func integer(_ value: UInt64) -> PickleValue {
    if let small = Int(exactly: value) { return .int(small) }
    return .bigInt(BigInteger(value))
  }

  /// An integer of any width.
  static func integer(exactly value: some FixedWidthInteger) -> PickleValue {
    if let small = Int(exactly: value) { return .int(small) }
    return .bigInt(BigInteger(exactly: value))
  }

  /// Python's name of the type, for messages.
  public var typeName: String {
    switch self {
    case .none: "None"
    case .bool: "bool"
    case .int, .bigInt: "int"
    case .float: "float"
    case .complex: "complex"
    case .string: "str"
    case .bytes: "bytes"
    case .bytearray: "bytearray"
    case .list: "list"
    case .tuple: "tuple"
    case .dict: "dict"
    case .set: "set"
    case .frozenSet: "frozenset"
    case .array(let array): "array of \(array.dtype)"
    case .reference: "Reference"
    case .record(let record): packedList == nil ? "\(record.module).\(record.name)" : "list"
    case .global(let module, let name): "global \(module).\(name)"
    }
  }
}
