import MartletWire
import MartletZeroMQ

extension PickleValue {
  /// The value that the notation of the vectors stands for, see the kit's `notation.py`.
  init(notation: JSONValue) throws {
    switch notation {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    default:
      guard let (kind, content) = notation.objectValue?.first else { throw VectorError(description: "\(notation)") }
      if let items = try Self.container(kind, content) {
        self = items
      } else {
        self = try Self.scalar(kind, content)
      }
    }
  }

  private static func container(_ kind: String, _ content: JSONValue) throws -> PickleValue? {
    guard let items = content.arrayValue else { return nil }
    switch kind {
    case "list": return .list(try items.map(PickleValue.init(notation:)))
    case "tuple": return .tuple(try items.map(PickleValue.init(notation:)))
    case "set": return .set(PickleSet(try items.map(PickleValue.init(notation:))))
    case "frozenset": return .frozenSet(PickleSet(try items.map(PickleValue.init(notation:))))
    case "dict":
      return .dict(
        PickleDict(
          try items.map { pair in
            PickleDict.Pair(
              key: try PickleValue(notation: pair[0] ?? .null), value: try PickleValue(notation: pair[1] ?? .null))
          }))
    case "complex":
      let parts = items.compactMap(double)
      return .complex(real: parts[0], imaginary: parts[1])
    case "global": return .global(module: items[0].stringValue ?? "", name: items[1].stringValue ?? "")
    case "call":
      return try call(
        module: items[0][0]?.stringValue ?? "", name: items[0][1]?.stringValue ?? "",
        (items[1].arrayValue ?? []).map(PickleValue.init(notation:)))
    default: return nil
    }
  }

  /// What a call becomes: a value if it is a known one, otherwise its description.
  private static func call(module: String, name: String, _ arguments: [PickleValue]) throws -> PickleValue {
    switch (module, arguments.first) {
    case ("numpy", let value?): return value
    case ("collections", .list(let pairs)):
      return .dict(
        PickleDict(
          pairs.compactMap { pair in
            guard case .tuple(let items) = pair, items.count == 2 else { return nil }
            return PickleDict.Pair(key: items[0], value: items[1])
          }))
    default: return .record(PickleRecord(module: module, name: name, args: arguments))
    }
  }

  private static func scalar(_ kind: String, _ content: JSONValue) throws -> PickleValue {
    let text = content.stringValue ?? ""
    switch kind {
    case "int":
      guard let number = BigInteger(decimal: text) else { throw VectorError(description: "no integer: \(text)") }
      return number.int.map { .int($0) } ?? .bigInt(number)
    case "float":
      guard let number = double(content) else { throw VectorError(description: "no double: \(text)") }
      return .float(number)
    case "str": return .string(text)
    case "bytes", "memoryview": return .bytes(hexBytes(text))
    case "bytearray": return .bytearray(hexBytes(text))
    case "reference": return .reference(text)
    case "array":
      return .array(
        try NDArray(
          dtype: content["dtype"]?.stringValue ?? "",
          shape: (content["shape"]?.arrayValue ?? []).compactMap(\.intValue),
          data: hexBytes(content["data"]?.stringValue ?? "")))
    default: throw VectorError(description: "unknown kind of value: \(kind)")
    }
  }

  private static func double(_ digits: JSONValue) -> Double? {
    UInt64(digits.stringValue ?? "", radix: 16).map(Double.init(bitPattern:))
  }
}
