import MartletZeroMQ

extension NDArray {
  /// An array of Swift numbers, little-endian, with the last axis varying fastest; one-dimensional without a shape.
  ///
  /// - Throws: `PickleError` if the shape's product is not the number of elements.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  @specialized(where Element == Int)
  @specialized(where Element == Int64)
  @specialized(where Element == Int32)
  @specialized(where Element == UInt8)
  @specialized(where Element == Bool)
  public init<Element: NDArrayElement>(_ elements: [Element], shape: [Int]? = nil) throws(PickleError) {
    let width = Element.Bits.bitWidth / 8
    var bytes = [UInt8](repeating: 0, count: elements.count * width)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    for index in elements.indices {
      raw.storeBytes(of: elements[index].numpyBits.littleEndian, toByteOffset: index * width, as: Element.Bits.self)
    }
    try self.init(dtype: "<" + Element.numpyType, shape: shape ?? [elements.count], data: Bytes(bytes))
  }

  /// The elements as Swift values, the last axis varying fastest. Reads both byte orders.
  ///
  /// - Throws: `PickleError` if the dtype is not exactly that of `Element` (`f8` for `Double` and so on).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  @specialized(where Element == Int)
  @specialized(where Element == Int64)
  @specialized(where Element == Int32)
  @specialized(where Element == UInt8)
  @specialized(where Element == Bool)
  public func array<Element: NDArrayElement>(of element: Element.Type = Element.self) throws(PickleError) -> [Element] {
    guard let type = DType(dtype), type.text.dropFirst() == Element.numpyType else {
      throw PickleError(.mismatch, "found an array of \(dtype), expected \(Element.numpyType)")
    }
    let width = Element.Bits.bitWidth / 8
    let source = rowMajor.data
    var out: [Element] = []
    out.reserveCapacity(source.count / width)
    source.withSpan { span in
      for offset in stride(from: 0, to: span.count - span.count % width, by: width) {
        let bits = span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Element.Bits.self)
        out.append(
          Element(numpyBits: type.isBigEndian ? Element.Bits(bigEndian: bits) : Element.Bits(littleEndian: bits)))
      }
    }
    return out
  }

  /// The elements as Python values, the last axis varying fastest: `bool`, `int`, `float`, `complex`, `str`, `bytes`.
  ///
  /// - Throws: `PickleError` for other dtypes (dates, extended precision, raw records).
  public func values() throws(PickleError) -> [PickleValue] {
    guard let type = DType(dtype) else { throw PickleError(.mismatch, "found an array of \(dtype)") }
    switch type.text.dropFirst() {
    case "f8": return try array(of: Double.self).map { .float($0) }
    case "f4": return try array(of: Float.self).map { .float(Double($0)) }
    case "i8": return try array(of: Int64.self).map { .int(Int($0)) }
    case "i4": return try array(of: Int32.self).map { .int(Int($0)) }
    case "i2": return try array(of: Int16.self).map { .int(Int($0)) }
    case "i1": return try array(of: Int8.self).map { .int(Int($0)) }
    case "u8": return try array(of: UInt64.self).map { .integer($0) }
    case "u4": return try array(of: UInt32.self).map { .int(Int($0)) }
    case "u2": return try array(of: UInt16.self).map { .int(Int($0)) }
    case "u1": return try array(of: UInt8.self).map { .int(Int($0)) }
    case "b1": return try array(of: Bool.self).map { .bool($0) }
    default: break
    }
    let source = rowMajor.data
    var out: [PickleValue] = []
    for index in 0..<count {
      let item = source[index * type.size..<(index + 1) * type.size]
      guard let value = type.value(of: item) else {
        throw PickleError(.mismatch, "an array of \(dtype) has no elements that are plain values")
      }
      out.append(value)
    }
    return out
  }
}

extension DType {
  /// The Python value of one element's bytes; `nil` if the dtype has no values here (dates, extended precision, raw records)
  /// or the bytes are not one element.
  func value(of item: Bytes) -> PickleValue? {
    guard item.count == size else { return nil }
    let bits = (0..<min(size, 8)).reduce(UInt64(0)) { sum, index in
      sum << 8 | UInt64(item[isBigEndian ? index : min(size, 8) - 1 - index])
    }
    switch (kind, size) {
    case (UInt8(ascii: "b"), _): return .bool(bits != 0)
    case (UInt8(ascii: "u"), _): return .integer(bits)
    case (UInt8(ascii: "i"), _):
      let shift = UInt64(64 - size * 8)
      return .int(Int(Int64(bitPattern: bits << shift) >> Int64(shift)))
    case (UInt8(ascii: "f"), 8): return .float(Double(bitPattern: bits))
    case (UInt8(ascii: "f"), 4): return .float(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
    case (UInt8(ascii: "f"), 2): return .float(Self.half(UInt16(truncatingIfNeeded: bits)))
    case (UInt8(ascii: "c"), 8), (UInt8(ascii: "c"), 16):
      guard let part = DType((isBigEndian ? ">f" : "<f") + String(size / 2)),
        case .float(let real)? = part.value(of: item[0..<size / 2]),
        case .float(let imaginary)? = part.value(of: item[size / 2..<size])
      else { return nil }
      return .complex(real: real, imaginary: imaginary)
    case (UInt8(ascii: "S"), _):
      var end = size
      while end > 0, item[end - 1] == 0 { end -= 1 }
      return .bytes(item[0..<end])
    case (UInt8(ascii: "U"), _):
      var text = String.UnicodeScalarView()
      for start in stride(from: 0, to: size, by: 4) {
        let code = (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(item[start + (isBigEndian ? $1 : 3 - $1)]) }
        guard let scalar = UnicodeScalar(code) else { return nil }
        text.append(scalar)
      }
      while text.last == "\0" { text.removeLast() }
      return .string(String(text))
    default: return nil
    }
  }

  /// The value of an IEEE 754 half. Swift does not have `Float16` on every platform.
  private static func half(_ bits: UInt16) -> Double {
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Double(bits & 0x3FF)
    let magnitude: Double =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? .infinity : .nan
      default: Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
      }
    return bits & 0x8000 == 0 ? magnitude : -magnitude
  }
}
