import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Multipart {
  /// Appends a frame.
  public mutating func append(_ bytes: Bytes) {
    bytes.fill(nextSlot())
  }

  /// Appends a frame with a copy of an array.
  public mutating func append(_ array: [UInt8]) {
    let slot = nextSlot()
    array.withUnsafeBytes { $0.copy(to: slot) }
  }

  /// Appends a frame of the UTF-8 bytes of a literal.
  public mutating func append(_ literal: StaticString) {
    UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount).copy(to: nextSlot())
  }

  /// Appends a frame that shares the memory of one of another message; an empty one if that isn't there.
  public mutating func append(sharing other: borrowing Multipart, _ index: Int) {
    append(sharing: index >= 0 && index < other.count ? other.slab + other.head + index : nil)
  }

  /// Appends a frame that shares the memory of another; an empty one for `nil`.
  mutating func append(sharing frame: UnsafeMutablePointer<zmq_msg_t>?) {
    let slot = nextSlot()
    zmq_msg_init(slot)
    if let frame { zmq_msg_copy(slot, frame) }
  }

  /// Moves the frames to an allocation of their own and keeps the slab.
  mutating func moveFrames() -> FrameStorage {
    let moved = FrameStorage.moving(slab + head, count: count)
    count = 0
    removeAll()
    return moved
  }

  /// Prepends a frame.
  public mutating func prepend(_ bytes: Bytes) {
    // Room for as many frames again in front, so that each of many identities costs a constant number of moves.
    if head == 0 { move(capacity: max(capacity, count) + count + Self.headroom, front: count + Self.headroom) }
    head -= 1
    count += 1
    bytes.fill(slab + head)
  }

  /// Drops the first frame.
  public mutating func removeFirst() {
    guard count > 0 else { return }
    zmq_msg_close(slab + head)
    head += 1
    count -= 1
  }

  /// Exchanges two frames; does nothing if one isn't there.
  public mutating func swapAt(_ first: Int, _ second: Int) {
    guard first != second, first >= 0, second >= 0, first < count, second < count else { return }
    let held = (slab + head + first).pointee
    (slab + head + first).pointee = (slab + head + second).pointee
    (slab + head + second).pointee = held
  }

  /// Replaces a frame; does nothing if it isn't there.
  public mutating func replace(_ index: Int, with bytes: Bytes) {
    guard index >= 0, index < count else { return }
    zmq_msg_close(slab + head + index)
    bytes.fill(slab + head + index)
  }

  /// Replaces a frame with the lower-case hexadecimal digits of some bytes; does nothing if it isn't there.
  public mutating func replace(_ index: Int, withHexOf bytes: RawSpan) {
    guard index >= 0, index < count else { return }
    let slot = slab + head + index
    zmq_msg_close(slot)
    precondition(zmq_msg_init_size(slot, 2 * bytes.byteCount) == 0, "no memory for a frame")
    guard let data = zmq_msg_data(slot)?.assumingMemoryBound(to: UInt8.self) else { return }
    bytes.withUnsafeBytes { bytes in
      for index in bytes.indices {
        data[2 &* index] = Hex.digit(bytes[index] >> 4)
        data[2 &* index &+ 1] = Hex.digit(bytes[index] & 15)
      }
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Makes a libzmq message with a copy of these bytes.
  ///
  /// Traps when out of memory, as an array would; libzmq leaves a message that must not be touched.
  func copy(to message: UnsafeMutablePointer<zmq_msg_t>) {
    precondition(zmq_msg_init_size(message, count) == 0, "no memory for a frame of \(count) bytes")
    if let baseAddress { memcpy(zmq_msg_data(message), baseAddress, count) }
  }
}
