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
  package func equals(_ literal: StaticString) -> Bool {
    count == literal.utf8CodeUnitCount && hasContent(of: literal)
  }

  /// Whether these are the bytes of a literal of the same count.
  @usableFromInline
  func hasContent(of literal: StaticString) -> Bool {
    withUnsafeBytes { bytes in
      bytes.baseAddress.map { memcmp($0, literal.utf8Start, bytes.count) == 0 } ?? true
    }
  }

  /// Whether these are the same bytes as others.
  package func equals(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    return withUnsafeBytes { bytes in
      other.withUnsafeBytes { others in
        guard let start = bytes.baseAddress, let otherStart = others.baseAddress else { return true }
        return memcmp(start, otherStart, bytes.count) == 0
      }
    }
  }

  /// The first index, from a start on, of one of two bytes; `count` if there is none.
  ///
  /// Looks at eight bytes at a time: headers consist mostly of strings, and most of the work of reading them is finding
  /// their ends. Inlined, so that the two bytes are constants.
  @inlinable @inline(__always)
  package func firstIndex(of first: UInt8, or second: UInt8, from start: Int) -> Int {
    guard start >= 0, start < count else { return count }
    return withUnsafeBytes { bytes in
      var index = start
      let ones: UInt64 = 0x0101_0101_0101_0101
      let (firsts, seconds) = (ones &* UInt64(first), ones &* UInt64(second))
      while index &+ 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        // The exclusive or turns a wanted byte into 0, and the lowest 0 sets the lowest mark.
        let (a, b) = (word ^ firsts, word ^ seconds)
        let marks = ((a &- ones) & ~a | (b &- ones) & ~b) & (ones &<< 7)
        if marks != 0 { return index &+ marks.trailingZeroBitCount / 8 }
        index &+= 8
      }
      while index < bytes.count, bytes[index] != first, bytes[index] != second { index &+= 1 }
      return index
    }
  }

  /// Whether any byte is below the limit or equal to one of two others.
  ///
  /// Always looks at all bytes, which the compiler turns into a few vector instructions.
  package func contains(below limit: UInt8, or first: UInt8, or second: UInt8) -> Bool {
    withUnsafeBytes { bytes in
      var found: UInt8 = 0
      for byte in bytes { found |= (byte < limit ? 1 : 0) | (byte == first ? 1 : 0) | (byte == second ? 1 : 0) }
      return found != 0
    }
  }

  /// Whether these are UTF-8. Mostly they are ASCII, for which the compiler makes a few vector instructions.
  package var isUTF8: Bool {
    withUnsafeBytes { bytes in
      var bits: UInt8 = 0
      for byte in bytes { bits |= byte }
      return bits < 0x80 || String(validating: bytes, as: UTF8.self) != nil
    }
  }

  /// Whether these are the lower-case hexadecimal digits of other bytes. The time depends on the count only.
  package func equals(hexOf other: RawSpan) -> Bool {
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

/// Lower-case hexadecimal digits, computed without a branch or a table, so that timing reveals nothing of a secret.
enum Hex {
  /// From 10 on, adding 6 carries into the fifth bit, which adds the 0x27 between `a` and the character after `9`.
  static func digit(_ nibble: UInt8) -> UInt8 { 0x30 &+ nibble &+ ((nibble &+ 6) >> 4) &* 0x27 }
}
