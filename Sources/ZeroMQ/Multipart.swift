import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The frames of one message, owned by exactly one place and reused for the next message.
///
/// Frames sit in a slab of libzmq messages at stable addresses: receiving, forwarding and re-addressing a message
/// copies no payload and, once the slab has grown to the usual size, allocates nothing.
public struct Multipart: ~Copyable {
  private var slab: UnsafeMutablePointer<zmq_msg_t>
  private(set) var capacity: Int
  private var head: Int
  /// How many frames there are.
  public private(set) var count: Int
  /// How many frames more the message had when it was received: those beyond ``frameLimit``.
  public private(set) var droppedFrames = 0

  /// Room kept in front, so that an identity can be put before the others without moving them.
  private static let headroom = 2

  /// The most frames that are kept of a received message. Messages of ipyparallel have some ten, and a buffer more for every
  /// array in their arguments.
  public static let frameLimit = 65_536

  /// A message of more frames does not leave its room to the next: who sends it would decide how much is kept.
  private static let reusedCapacity = 4096

  /// An empty message with room for some frames.
  public init(minimumCapacity: Int = 14) {
    capacity = minimumCapacity + Self.headroom
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

  /// The descriptor of the connection that the message came in by: what ``SocketEvent/value`` names when that connection
  /// ends. `nil` where there is none, as with `inproc`.
  public borrowing func sourceDescriptor() -> Int32? {
    guard count > 0 else { return nil }
    // The last frame, as the first may be an identity that a ROUTER has put there, which libzmq 4.3.4 tells nothing of.
    let descriptor = zmq_msg_get(slab + head + count - 1, ZMQ_SRCFD)
    return descriptor >= 0 ? descriptor : nil
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

  /// Adds a frame at the end.
  public mutating func append(_ bytes: Bytes) {
    bytes.fill(nextSlot())
  }

  /// Adds a frame at the end, copying an array.
  public mutating func append(_ array: [UInt8]) {
    let slot = nextSlot()
    array.withUnsafeBytes { $0.copy(to: slot) }
  }

  /// Adds a frame at the end, of the UTF-8 bytes of a literal.
  public mutating func append(_ literal: StaticString) {
    UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount).copy(to: nextSlot())
  }

  /// Adds a frame at the end, sharing one of another message.
  public mutating func append(sharing other: borrowing Multipart, _ index: Int) {
    append(sharing: index >= 0 && index < other.count ? other.slab + other.head + index : nil)
  }

  /// Adds a frame at the end that shares another, or an empty one.
  mutating func append(sharing frame: UnsafeMutablePointer<zmq_msg_t>?) {
    let slot = nextSlot()
    zmq_msg_init(slot)
    if let frame { zmq_msg_copy(slot, frame) }
  }

  /// Moves the frames to memory of their own and keeps the room.
  mutating func moveFrames() -> FrameStorage {
    let moved = FrameStorage.moving(slab + head, count: count)
    count = 0
    removeAll()
    return moved
  }

  /// Puts a frame before the others.
  public mutating func prepend(_ bytes: Bytes) {
    // Twice the frames in front and no more behind: many identities cost a constant number of moves each.
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

  /// Exchanges two frames; nothing happens when one isn't there.
  public mutating func swapAt(_ first: Int, _ second: Int) {
    guard first != second, first >= 0, second >= 0, first < count, second < count else { return }
    let held = (slab + head + first).pointee
    (slab + head + first).pointee = (slab + head + second).pointee
    (slab + head + second).pointee = held
  }

  /// Replaces a frame.
  public mutating func replace(_ index: Int, with bytes: Bytes) {
    guard index >= 0, index < count else { return }
    zmq_msg_close(slab + head + index)
    bytes.fill(slab + head + index)
  }

  /// Replaces a frame by the lower-case hexadecimal digits of some bytes.
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

  /// Calls a closure with the bytes of consecutive frames, in order: with all at once where they are small, which costs
  /// a hash function less than many calls.
  public borrowing func forEachChunk(of frames: Range<Int>, _ body: (Span<UInt8>) -> Void) {
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

  /// Frames of so many bytes together are joined before they are hashed.
  private static let joinedSize = 4096

  /// Where a frame's payload is and how long it is, as long as the frames don't change.
  borrowing func memory(at index: Int) -> UnsafeRawBufferPointer {
    guard index >= 0, index < count, let data = zmq_msg_data(slab + head + index) else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return UnsafeRawBufferPointer(start: data, count: zmq_msg_size(slab + head + index))
  }

  /// The sum of all frames' sizes in bytes.
  public borrowing func totalSize() -> Int {
    var total = 0
    for index in 0..<count { total += zmq_msg_size(slab + head + index) }
    return total
  }

  /// Receives a message; frames beyond the limit are dropped and counted.
  ///
  /// - Returns: 0 or the errno.
  mutating func receive(_ handle: UnsafeMutableRawPointer, flags: Int32) -> Int32 {
    removeAll()
    while true {
      let slot = nextSlot()
      zmq_msg_init(slot)
      // Only the first part can be missing: libzmq hands over messages whole.
      while zmq_msg_recv(slot, handle, count == 1 ? flags : 0) == -1 {
        let code = zmq_errno()
        if code == EINTR { continue }
        removeAll()
        return code
      }
      if zmq_msg_more(slot) == 0 { return 0 }
      if count == Self.frameLimit { return dropRest(handle) }
    }
  }

  /// Receives what is left of a message and keeps none of it: the next message begins behind it.
  private mutating func dropRest(_ handle: UnsafeMutableRawPointer) -> Int32 {
    var frame = zmq_msg_t()
    zmq_msg_init(&frame)
    // Receiving a frame drops the one before.
    defer { zmq_msg_close(&frame) }
    while true {
      if zmq_msg_recv(&frame, handle, 0) == -1 {
        let code = zmq_errno()
        if code == EINTR { continue }
        removeAll()
        return code
      }
      droppedFrames += 1
      if zmq_msg_more(&frame) == 0 { return 0 }
    }
  }

  mutating func send(_ handle: UnsafeMutableRawPointer, flags: Int32) -> Int32 {
    for index in 0..<count {
      let more = index + 1 < count ? ZMQ_SNDMORE : 0
      while zmq_msg_send(slab + head + index, handle, flags | more) == -1 {
        let code = zmq_errno()
        if code == EINTR { continue }
        if index == 0 { return code }
        // Frames that libzmq took are empty now; dropping the message keeps the slab consistent.
        guard code == EAGAIN else {
          removeAll()
          return code
        }
        // The peer has gone between two frames, and libzmq drops the rest of this message up to its last frame. It has
        // to be given that rest, or it would drop the next message in its place.
        break
      }
    }
    removeAll()
    return 0
  }

  private mutating func nextSlot() -> UnsafeMutablePointer<zmq_msg_t> {
    if head + count == capacity {
      let front = min(head, Self.headroom)
      move(capacity: front + max(14, 2 * count), front: front)
    }
    count += 1
    return slab + head + count - 1
  }

  /// Moves the frames to a slab of another size.
  private mutating func move(capacity newCapacity: Int, front: Int) {
    let target = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: newCapacity)
    // libzmq messages may be moved as plain memory as long as one copy is used afterwards.
    memcpy(target + front, slab + head, count * MemoryLayout<zmq_msg_t>.size)
    slab.deallocate()
    slab = target
    capacity = newCapacity
    head = front
  }
}

extension UnsafeRawBufferPointer {
  /// Makes a message of a copy of these bytes.
  ///
  /// Traps without memory, as an array would; libzmq leaves a message that must not be touched.
  func copy(to message: UnsafeMutablePointer<zmq_msg_t>) {
    precondition(zmq_msg_init_size(message, count) == 0, "no memory for a frame of \(count) bytes")
    if let baseAddress { memcpy(zmq_msg_data(message), baseAddress, count) }
  }
}
