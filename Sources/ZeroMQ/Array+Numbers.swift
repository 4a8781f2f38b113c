extension [UInt8] {
  /// Appends the bytes of a number, the lowest first.
  @inlinable @inline(__always)
  package mutating func append(littleEndian number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}
