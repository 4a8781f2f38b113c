/// The hash of identifiers: message ids, sessions and uuids, of which each message has some.
///
/// It is keyed, as peers choose identifiers: whoever doesn't know the seeds can't find many with the same hash. It
/// multiplies words of eight bytes and folds the products, as wyhash does, which takes a tenth of the time of the standard
/// library's hash for identifiers of some forty bytes.
enum IdentifierHash {
  /// From the standard library's seed, which a variable of the environment makes the same in each process.
  private static let seeds: (start: UInt64, factor: UInt64) = (seed(1), seed(2) | 1)

  private static func seed(_ number: Int) -> UInt64 { UInt64(bitPattern: Int64(number.hashValue)) }

  static func hash(_ span: Span<UInt8>) -> UInt64 {
    let (bytes, count) = (span.bytes, span.count)
    let (start, factor) = seeds
    var hash = start ^ UInt64(truncatingIfNeeded: count)
    var offset = 0
    while offset + 8 <= count {
      hash = fold(hash ^ bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self), factor)
      offset += 8
    }
    if offset < count {
      var rest: UInt64 = 0
      if count >= 8 {
        // The last word overlaps the one before.
        rest = bytes.unsafeLoadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
      } else {
        for index in offset..<count { rest = rest << 8 | UInt64(span[index]) }
      }
      hash = fold(hash ^ rest, factor)
    }
    return fold(hash, start | 1)
  }

  /// The hash of what some numbers identify.
  static func hash(_ numbers: some Sequence<Int32>) -> UInt64 {
    let (start, factor) = seeds
    return fold(numbers.reduce(start) { fold($0 ^ UInt64(UInt32(bitPattern: $1)), factor) }, start | 1)
  }

  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }
}

extension String {
  /// The hash in an ``IdentifierTable``.
  var identifierHash: UInt32 { utf8.span.identifierHash }
}

extension Span<UInt8> {
  /// The hash in an ``IdentifierTable`` of the text with these bytes.
  var identifierHash: UInt32 {
    let hash = IdentifierHash.hash(self)
    return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
  }
}
