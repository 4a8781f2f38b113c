import MartletWire

/// A value as one line of unambiguous JSON: scalars include their type, and containers become lists.
func json(_ value: PickleValue) -> String {
  switch value {
  case .none: "null"
  case .bool(let value): "\(value)"
  case .int(let value): object("int", quoted("\(value)"))
  case .bigInt(let value): object("int", quoted("\(value)"))
  case .float(let value): object("float", quoted("\(value.bitPattern)"))
  case .complex(let real, let imaginary): object("complex", list([.float(real), .float(imaginary)]))
  case .string(let value): object("str", quoted(value))
  case .bytes(let value): object("bytes", quoted(hex(value)))
  case .bytearray(let value): object("bytearray", quoted(hex(value)))
  case .list(let items): object("list", list(items))
  case .tuple(let items): object("tuple", list(items))
  case .dict(let dict): object("dict", pairs(dict))
  case .set(let set): object("set", list(set.elements))
  case .frozenSet(let set): object("frozenset", list(set.elements))
  case .array(let array):
    object(
      "array",
      "[\(quoted(array.dtype)),\(array.shape),\(array.isFortranOrdered),\(quoted(hex(array.data)))]")
  case .reference(let name): object("reference", quoted(name))
  case .record(let record):
    object(
      "record",
      "[\(quoted(record.module)),\(quoted(record.name)),\(list(record.args)),\(pairs(record.kwargs)),"
        + "\(record.state.map(json) ?? "null"),\(list(record.items)),\(pairs(record.entries))]")
  case .global(let module, let name): object("global", "[\(quoted(module)),\(quoted(name))]")
  }
}

private func object(_ key: String, _ value: String) -> String { "{\"\(key)\":\(value)}" }

private func list(_ items: [PickleValue]) -> String { "[" + items.map(json).joined(separator: ",") + "]" }

private func pairs(_ dict: PickleDict) -> String {
  "[" + dict.pairs.map { "[\(json($0.key)),\(json($0.value))]" }.joined(separator: ",") + "]"
}

private func quoted(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"", "\\": out += "\\" + String(scalar)
    case _ where scalar.value < 0x20:
      let digits = String(scalar.value, radix: 16)
      out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "\""
}
