import MartletZeroMQ

extension PickleValue: CustomStringConvertible {
  /// The value as Python's `repr` shows it. Long arrays are abbreviated.
  public var description: String {
    switch self {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): String(value)
    case .bigInt(let value): value.description
    case .float(let value): Self.text(value)
    case .complex(let real, let imaginary): Self.text(real: real, imaginary: imaginary)
    case .string(let value): Self.quoted(value)
    case .bytes(let value): Self.text(value)
    case .bytearray(let value): "bytearray(\(Self.text(value)))"
    case .list(let items): "[\(Self.joined(items))]"
    case .tuple(let items): items.count == 1 ? "(\(Self.joined(items)),)" : "(\(Self.joined(items)))"
    case .dict(let dict):
      "{" + dict.pairs.map { "\($0.key.description): \($0.value.description)" }.joined(separator: ", ") + "}"
    case .set(let set): set.elements.isEmpty ? "set()" : "{\(Self.joined(set.elements))}"
    case .frozenSet(let set): set.elements.isEmpty ? "frozenset()" : "frozenset({\(Self.joined(set.elements))})"
    case .array(let array): Self.text(array)
    case .reference(let name): "<Reference: \(Self.quoted(name))>"
    case .record where elements != nil: "[\(Self.joined(elements ?? []))]"
    case .record(let record): "<\(record.module).\(record.name) object>"
    case .global(let module, let name): "<\(module).\(name)>"
    }
  }

  private static func joined(_ items: [PickleValue]) -> String {
    items.map(\.description).joined(separator: ", ")
  }

  private static func text(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    return value.description
  }

  private static func text(real: Double, imaginary: Double) -> String {
    let end = "\(text(imaginary))j"
    if real == 0, real.sign == .plus { return end }
    return "(\(text(real))\(end.hasPrefix("-") ? "" : "+")\(end))"
  }

  private static func text(_ array: NDArray) -> String {
    guard array.shape.count == 1, array.count <= 1000, let values = try? array.values() else {
      return "<array of \(array.dtype), shape \(PickleValue.tuple(array.shape.map { .int($0) }).description)>"
    }
    return "array([\(joined(values))])"
  }

  private static func text(_ bytes: Bytes) -> String {
    var result = "b'"
    for byte in bytes.array {
      switch byte {
      case 0x27, 0x5C: result += "\\" + String(Unicode.Scalar(byte))
      case 0x0A: result += "\\n"
      case 0x0D: result += "\\r"
      case 0x09: result += "\\t"
      case 0x20..<0x7F: result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "\\x" + hex(UInt32(byte), digits: 2)
      }
    }
    return result + "'"
  }

  private static func quoted(_ text: String) -> String {
    let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
    var result = String(quote)
    for scalar in text.unicodeScalars {
      switch scalar {
      case quote, "\\": result += "\\" + String(scalar)
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          result += "\\x" + hex(scalar.value, digits: 2)
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + String(quote)
  }

  private static func hex(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}

extension PickleDict: CustomStringConvertible {
  /// The dict as Python's `repr` shows it.
  public var description: String { PickleValue.dict(self).description }
}

extension PickleSet: CustomStringConvertible {
  /// The set as Python's `repr` shows it.
  public var description: String { PickleValue.set(self).description }
}

extension PickleRecord: CustomStringConvertible {
  /// The class, as Python's `repr` of most objects shows it.
  public var description: String { PickleValue.record(self).description }
}
