import MartletZeroMQ

/// A numpy dtype of plain elements, read from its string form.
struct DType: Sendable, Hashable {
  /// The canonical string, such as `<f8`.
  let text: String
  /// Whether the elements have the most significant byte first.
  let isBigEndian: Bool
  /// numpy's kind letter as ASCII: b, i, u, f, c, S, U, V, m or M.
  let kind: UInt8
  /// The size of an element in bytes.
  let size: Int

  /// Reads numpy's `dtype.str`, or the same without byte order, which means this machine's. `nil` for objects, fields and
  /// anything else without plain elements.
  init?(_ text: String) {
    let utf8 = Array(text.utf8.prefix(40))
    guard utf8.count == text.utf8.count, let first = utf8.first else { return nil }
    let hasOrder = [UInt8](arrayLiteral: 0x3C, 0x3E, 0x7C, 0x3D).contains(first)
    var rest = utf8.dropFirst(hasOrder ? 1 : 0)
    guard let kind = rest.popFirst() else { return nil }
    var number = 0
    while let digit = rest.first, digit >= 0x30, digit <= 0x39, number < 100_000_000 {
      number = number * 10 + Int(digit) - 0x30
      rest.removeFirst()
    }
    let unit = String(decoding: rest, as: UTF8.self)
    let isTime = kind == UInt8(ascii: "M") || kind == UInt8(ascii: "m")
    guard unit.isEmpty || (isTime && unit.hasPrefix("[") && unit.hasSuffix("]")) else { return nil }
    let allowed: Bool
    switch kind {
    case UInt8(ascii: "b"): allowed = number == 1
    case UInt8(ascii: "i"), UInt8(ascii: "u"): allowed = [1, 2, 4, 8].contains(number)
    case UInt8(ascii: "f"): allowed = [2, 4, 8, 12, 16].contains(number)
    case UInt8(ascii: "c"): allowed = [8, 16, 24, 32].contains(number)
    case UInt8(ascii: "M"), UInt8(ascii: "m"): allowed = number == 8
    case UInt8(ascii: "S"), UInt8(ascii: "U"), UInt8(ascii: "V"): allowed = true
    default: allowed = false
    }
    guard allowed else { return nil }
    self.kind = kind
    self.size = kind == UInt8(ascii: "U") ? number * 4 : number
    let ordered = kind == UInt8(ascii: "U") || (number > 1 && kind != UInt8(ascii: "S") && kind != UInt8(ascii: "V"))
    self.isBigEndian = ordered && first == UInt8(ascii: ">")
    let order = ordered ? (isBigEndian ? ">" : "<") : "|"
    self.text = order + String(UnicodeScalar(kind)) + String(number) + unit
  }

  /// Reads a pickled `numpy.dtype` object; `nil` if its elements are not plain.
  init?(_ record: PickleRecord) {
    guard record.module == "numpy", record.name == "dtype", case .string(var text)? = record.args.first,
      text.utf8.count <= 40
    else { return nil }
    if let state = record.state?.elements {
      // (version, byte order, subarray, field names, fields, item size, alignment, flags[, time unit])
      guard state.count >= 8, case .string(let order) = state[1], order.utf8.count <= 1, state[2] == .none,
        state[3] == .none
      else {
        return nil
      }
      text = (order == "=" ? "<" : order) + text
      if state.count > 8, let metadata = state[8].elements {
        guard metadata.count == 2, let unit = metadata[1].elements, unit.count >= 2,
          let name = unit[0].bytesValue?.string ?? unit[0].stringValue, let count = unit[1].intValue,
          name.utf8.count <= 16
        else { return nil }
        if name != "generic" { text += "[" + (count == 1 ? "" : String(count)) + name + "]" }
      }
    }
    self.init(text)
  }
}
