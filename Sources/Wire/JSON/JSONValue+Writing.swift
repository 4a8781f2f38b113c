import MartletZeroMQ

extension JSONValue {
  /// The value as compact JSON text in UTF-8. The members of objects are sorted by key, so equal values give equal bytes.
  public var bytes: Bytes {
    var output: [UInt8] = []
    write(into: &output)
    return Bytes(output)
  }

  /// Appends the value as compact JSON text in UTF-8, see ``bytes``.
  ///
  /// Reading a written double gives the same double. Those that JSON lacks are written as `NaN`, `Infinity` and
  /// `-Infinity`, as in Python. Recurses once per level of nesting.
  public func write(into output: inout [UInt8]) {
    switch self {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
    case .int(let value): output.append(contentsOf: value.description.utf8)
    case .double(let value): Self.append(value, to: &output)
    case .string(let value): JSONString.append(value, to: &output)
    case .array(let elements):
      output.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        element.write(into: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      output.append(UInt8(ascii: "{"))
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        JSONString.append(member.key, to: &output)
        output.append(UInt8(ascii: ":"))
        member.value.write(into: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private static func append(_ value: Double, to output: inout [UInt8]) {
    if value.isNaN {
      output.append(contentsOf: "NaN".utf8)
    } else if value.isInfinite {
      output.append(contentsOf: (value < 0 ? "-Infinity" : "Infinity").utf8)
    } else {
      output.append(contentsOf: value.description.utf8)
    }
  }
}
