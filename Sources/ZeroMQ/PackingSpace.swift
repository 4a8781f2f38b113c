/// Memory for the ``PackedFrames`` of many messages that are released in about the order in which they were packed.
///
/// Many share a block, so that the allocator has little to do and doesn't search among pieces that are kept for long. A
/// block is released with the last frames in it.
package final class PackingSpace {
  private var block: ByteStorage?
  /// How much of the block is taken.
  private var end = 0

  /// The size of a block in bytes.
  private static let blockSize = 1 << 16
  /// More bytes get memory of their own.
  private static let largestShare = blockSize / 8

  /// No memory yet.
  package init() {}

  /// Bytes that a closure fills: in a space if there is one and they are few, or in memory of their own.
  static func bytes(count: Int, in space: PackingSpace?, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> Bytes {
    guard let space, count <= largestShare else {
      let storage = ByteStorage.uninitialized(count: count)
      return storage.fill(0..<count, fill)
    }
    return space.take(count, fill)
  }

  private func take(_ count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> Bytes {
    let block: ByteStorage
    if let current = self.block, end + count <= Self.blockSize {
      block = current
    } else {
      block = ByteStorage.uninitialized(count: Self.blockSize)
      self.block = block
      end = 0
    }
    let range = end..<(end + count)
    // The sizes in front are numbers of 32 bits.
    end = (range.upperBound + 7) & ~7
    return block.fill(range, fill)
  }
}

extension ByteStorage {
  fileprivate static func uninitialized(count: Int) -> ByteStorage {
    let words = (count + MemoryLayout<UInt>.size - 1) / MemoryLayout<UInt>.size
    let made = ByteStorage.create(minimumCapacity: words) { buffer in
      buffer.withUnsafeMutablePointerToElements { tail in
        Header(base: UnsafeRawPointer(tail), count: count, isFrame: false)
      }
    }
    return unsafeDowncast(made, to: ByteStorage.self)
  }

  /// Has a closure fill a part that nobody has seen yet.
  fileprivate func fill(_ range: Range<Int>, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> Bytes {
    withUnsafeMutablePointerToElements { tail in
      fill(UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(tail) + range.lowerBound, count: range.count))
    }
    return Bytes(owner: self, base: base + range.lowerBound, count: range.count)
  }
}
