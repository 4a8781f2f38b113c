import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The frames of one message, with a single owner that reuses the memory for the next message.
///
/// Frames lie in a slab of libzmq messages at stable addresses. Receiving, forwarding and re-addressing a message copies
/// no payload and, once the slab has grown to the usual size, allocates nothing.
public struct Multipart: ~Copyable {
  var slab: UnsafeMutablePointer<zmq_msg_t>
  var capacity: Int
  /// Index of the first frame in the slab.
  var head: Int
  /// How many frames there are.
  public internal(set) var count: Int
  /// How many frames of the received message were dropped because they exceeded ``frameLimit``.
  public internal(set) var droppedFrames = 0

  /// Room kept in front, so that an identity can be prepended without moving the other frames.
  static let headroom = 2

  /// The most frames that are kept of a received message. Messages of ipyparallel have about ten, and one more for every
  /// array in their arguments.
  public static let frameLimit = 65_536

  /// The room for more frames than this is freed with the message; otherwise a peer would decide how much is kept.
  private static let reusedCapacity = 4096

  /// An empty message with room for some frames, at most ``frameLimit``.
  ///
  /// Usual messages have up to 11 frames; a slab of 1024 bytes or more would make the C library tidy up its free blocks.
  public init(minimumCapacity: Int = 12) {
    capacity = min(max(minimumCapacity, 0), Self.frameLimit) + Self.headroom
    slab = .allocate(capacity: capacity)
    head = Self.headroom
    count = 0
  }

  deinit {
    for index in 0..<count { zmq_msg_close(slab + head + index) }
    slab.deallocate()
  }

  /// Whether there is no frame.
  public var isEmpty: Bool { count == 0 }

  /// Drops all frames and keeps the room, unless it is unusually large.
  public mutating func removeAll() {
    for index in 0..<count { zmq_msg_close(slab + head + index) }
    count = 0
    droppedFrames = 0
    if capacity > Self.reusedCapacity { move(capacity: Self.reusedCapacity, front: Self.headroom) }
    head = Self.headroom
  }

  /// The size of a frame in bytes; 0 for one that isn't there.
  public borrowing func size(of index: Int) -> Int {
    guard index >= 0, index < count else { return 0 }
    return zmq_msg_size(slab + head + index)
  }

  /// The payload of a frame in place; empty for one that isn't there.
  @_lifetime(borrow self)
  public borrowing func bytes(at index: Int) -> Span<UInt8> {
    guard index >= 0, index < count, let data = zmq_msg_data(slab + head + index) else {
      return _overrideLifetime(Span(), borrowing: self)
    }
    let span = Span<UInt8>(
      _unsafeStart: UnsafePointer(data.assumingMemoryBound(to: UInt8.self)), count: zmq_msg_size(slab + head + index))
    return _overrideLifetime(span, borrowing: self)
  }

  /// A frame as bytes that outlive this message, sharing its memory.
  public borrowing func shared(_ index: Int) -> Bytes {
    guard index >= 0, index < count else { return Bytes() }
    return Bytes(sharing: slab + head + index)
  }

  /// Takes a frame out as bytes, leaving an empty frame in its place.
  public mutating func take(_ index: Int) -> Bytes {
    guard index >= 0, index < count else { return Bytes() }
    return Bytes(taking: slab + head + index)
  }

  /// The descriptor of the connection the message arrived on, which ``SocketEvent/value`` names when that connection
  /// ends; `nil` if there is none, as with `inproc`.
  public borrowing func sourceDescriptor() -> Int32? {
    guard count > 0 else { return nil }
    // Asks the last frame: the first may be an identity added by a ROUTER, for which libzmq 4.3.4 has no descriptor.
    let descriptor = zmq_msg_get(slab + head + count - 1, ZMQ_SRCFD)
    return descriptor >= 0 ? descriptor : nil
  }

  /// What the context's authenticator has called the sender (`User-Id` of ZeroMQ's RFC 27); `nil` without one.
  package borrowing func userID() -> String? {
    guard count > 0 else { return nil }
    return zmq_msg_gets(slab + head + count - 1, "User-Id").map { String(cString: $0) }
  }

  /// A frame as UTF-8 text; empty for one that isn't there.
  public borrowing func text(at index: Int) -> String {
    guard index >= 0, index < count, let data = zmq_msg_data(slab + head + index) else { return "" }
    return String(
      decoding: UnsafeRawBufferPointer(start: data, count: zmq_msg_size(slab + head + index)), as: UTF8.self)
  }

  /// Whether a frame has exactly these bytes.
  public borrowing func frame(_ index: Int, equals other: Bytes) -> Bool {
    guard size(of: index) == other.count else { return false }
    guard let data = zmq_msg_data(slab + head + index) else { return other.isEmpty }
    return other.withUnsafeBytes { $0.baseAddress.map { memcmp(data, $0, other.count) == 0 } ?? true }
  }

  /// Whether a frame has exactly the UTF-8 bytes of a literal.
  public borrowing func frame(_ index: Int, equals literal: StaticString) -> Bool {
    let memory = memory(at: index)
    guard let data = memory.baseAddress, memory.count == literal.utf8CodeUnitCount else { return false }
    return memcmp(data, literal.utf8Start, memory.count) == 0
  }

  /// Calls a closure with the bytes of consecutive frames, in order. Small frames are joined and passed in one call, which
  /// is cheaper for a hash function than many calls.
  public borrowing func forEachChunk(of frames: Range<Int>, _ body: (Span<UInt8>) -> Void) {
    let frames = frames.clamped(to: 0..<count)
    var total = 0
    for index in frames { total += size(of: index) }
    guard total <= Self.joinedSize else {
      for index in frames where size(of: index) > 0 { body(bytes(at: index)) }
      return
    }
    withUnsafeTemporaryAllocation(byteCount: max(total, 1), alignment: 1) { joined in
      var end = 0
      for index in frames {
        let memory = memory(at: index)
        guard let source = memory.baseAddress, let target = joined.baseAddress else { continue }
        memcpy(target + end, source, memory.count)
        end += memory.count
      }
      body(Span(_unsafeBytes: UnsafeRawBufferPointer(joined)).extracting(first: end))
    }
  }

  /// Frames of at most this many bytes together are joined.
  private static let joinedSize = 4096

  /// The memory of a frame's payload, valid until the frames change.
  borrowing func memory(at index: Int) -> UnsafeRawBufferPointer {
    guard index >= 0, index < count, let data = zmq_msg_data(slab + head + index) else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return UnsafeRawBufferPointer(start: data, count: zmq_msg_size(slab + head + index))
  }

  /// Appends the sizes of consecutive frames to an array, each in 32 bits with the lowest byte first. Frames that aren't
  /// there are left out.
  ///
  /// - Returns: the sum of the sizes.
  package borrowing func appendSizes(of frames: Range<Int>, to array: inout [UInt8]) -> Int {
    let (frames, first) = (frames.clamped(to: 0..<count), slab + head)
    var sum = 0
    array.append(addingCapacity: 4 * frames.count) { output in
      for index in frames {
        let size = zmq_msg_size(first + index)
        sum += size
        var rest = UInt32(clamping: size)
        for _ in 0..<4 {
          output.append(UInt8(truncatingIfNeeded: rest))
          rest >>= 8
        }
      }
    }
    return sum
  }

  /// Appends the bytes of consecutive frames to an array. Frames that aren't there are left out.
  package borrowing func appendBytes(of frames: Range<Int>, to array: inout [UInt8]) {
    let (frames, first) = (frames.clamped(to: 0..<count), slab + head)
    let size = frames.reduce(0) { $0 + zmq_msg_size(first + $1) }
    array.append(addingCapacity: size) { output in
      output.withUnsafeMutableBufferPointer { target, end in
        for index in frames {
          let size = zmq_msg_size(first + index)
          guard size > 0, let source = zmq_msg_data(first + index), let start = target.baseAddress else { continue }
          memcpy(start + end, source, size)
          end += size
        }
      }
    }
  }

  /// The sum of all frames' sizes in bytes.
  public borrowing func totalSize() -> Int {
    var total = 0
    for index in 0..<count { total += zmq_msg_size(slab + head + index) }
    return total
  }

  /// A place behind the last frame, to be filled.
  mutating func nextSlot() -> UnsafeMutablePointer<zmq_msg_t> {
    if head + count == capacity {
      let front = min(head, Self.headroom)
      move(capacity: front + max(14, 2 * count), front: front)
    }
    count += 1
    return slab + head + count - 1
  }

  /// Moves the frames to a slab of another size, behind `front` free places.
  mutating func move(capacity newCapacity: Int, front: Int) {
    let target = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: newCapacity)
    // libzmq messages may be moved as plain memory as long as one copy is used afterwards.
    memcpy(target + front, slab + head, count * MemoryLayout<zmq_msg_t>.size)
    slab.deallocate()
    slab = target
    capacity = newCapacity
    head = front
  }
}
