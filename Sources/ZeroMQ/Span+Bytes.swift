#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Span<UInt8> {
  /// Whether these are the UTF-8 bytes of a literal.
  @inlinable
  public func equals(_ literal: StaticString) -> Bool {
    count == literal.utf8CodeUnitCount && hasContent(of: literal)
  }

  /// The same when the count is known to be that of the literal.
  @usableFromInline
  func hasContent(of literal: StaticString) -> Bool {
    withUnsafeBytes { bytes in
      bytes.baseAddress.map { memcmp($0, literal.utf8Start, bytes.count) == 0 } ?? true
    }
  }

  /// Where one of two bytes is first, from an index on; `count` when there is none.
  ///
  /// Looks at eight bytes at a time: headers are mostly strings, and most of reading one is finding their ends. Inlined,
  /// so that the bytes looked for are constants.
  @inlinable @inline(__always)
  public func firstIndex(of first: UInt8, or second: UInt8, from start: Int) -> Int {
    guard start >= 0, start < count else { return count }
    return withUnsafeBytes { bytes in
      var index = start
      let ones: UInt64 = 0x0101_0101_0101_0101
      let (firsts, seconds) = (ones &* UInt64(first), ones &* UInt64(second))
      while index &+ 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        // A byte equal to the one looked for is 0 after the exclusive or, and the lowest 0 sets the lowest mark.
        let (a, b) = (word ^ firsts, word ^ seconds)
        let marks = ((a &- ones) & ~a | (b &- ones) & ~b) & (ones &<< 7)
        if marks != 0 { return index &+ marks.trailingZeroBitCount / 8 }
        index &+= 8
      }
      while index < bytes.count, bytes[index] != first, bytes[index] != second { index &+= 1 }
      return index
    }
  }

  /// Whether a byte is less than the first, or equal to one of the others.
  ///
  /// Looks at all bytes whatever it finds, which the compiler turns into a few vector instructions.
  public func contains(below limit: UInt8, or first: UInt8, or second: UInt8) -> Bool {
    withUnsafeBytes { bytes in
      var found: UInt8 = 0
      for byte in bytes { found |= (byte < limit ? 1 : 0) | (byte == first ? 1 : 0) | (byte == second ? 1 : 0) }
      return found != 0
    }
  }

  /// Whether these are the lower-case hexadecimal digits of other bytes, compared in time that depends on the count
  /// only.
  public func equals(hexOf other: RawSpan) -> Bool {
    guard count == 2 * other.byteCount else { return false }
    return withUnsafeBytes { digits in
      other.withUnsafeBytes { bytes in
        var difference: UInt8 = 0
        for index in bytes.indices {
          difference |= digits[2 &* index] ^ Hex.digit(bytes[index] >> 4)
          difference |= digits[2 &* index &+ 1] ^ Hex.digit(bytes[index] & 15)
        }
        return difference == 0
      }
    }
  }
}

/// Lower-case hexadecimal digits, found without a branch or a table: the time doesn't tell of a secret.
enum Hex {
  /// From 10 on, adding 6 carries into the fifth bit: `a` is 0x27 further from `9` than the next character.
  static func digit(_ nibble: UInt8) -> UInt8 { 0x30 &+ nibble &+ ((nibble &+ 6) >> 4) &* 0x27 }
}
