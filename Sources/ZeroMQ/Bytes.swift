import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Immutable bytes that are shared, never copied, when they are passed on or sliced.
///
/// They are memory of their own, a frame received from a socket, or a large array or `Data` that is kept, alive as long
/// as a slice of it is in use.
///
/// `@unchecked Sendable`: the storage is immutable after it is made, and libzmq's reference counts are atomic.
public struct Bytes: @unchecked Sendable {
  /// What keeps the memory alive: a ``ByteStorage``, a ``FrameStorage`` or a ``KeptStorage``.
  private let owner: AnyObject?
  private let base: UnsafeRawPointer?
  /// How many bytes there are.
  public let count: Int

  /// Memory that stays where it is and unchanged as long as its owner lives.
  init(owner: AnyObject?, base: UnsafeRawPointer?, count: Int) {
    self.owner = owner
    self.base = base
    self.count = count
  }

  private init(_ storage: ByteStorage) { self.init(owner: storage, base: storage.base, count: storage.size) }

  /// No bytes.
  public init() { self.init(owner: nil, base: nil, count: 0) }

  /// The bytes of an array; a large one is kept, not copied.
  public init(_ array: [UInt8]) {
    if array.count > ByteStorage.inlineLimit {
      self.init(bitsOf: array)
    } else {
      self = array.withUnsafeBytes { Bytes(copying: $0) }
    }
  }

  /// A copy of a slice of an array.
  public init(_ slice: ArraySlice<UInt8>) {
    self = slice.withUnsafeBytes { Bytes(copying: $0) }
  }

  /// The UTF-8 bytes of a text.
  public init(_ string: String) {
    var string = string
    self = string.withUTF8 { Bytes(copying: UnsafeRawBufferPointer($0)) }
  }

  /// A copy of a span.
  public init(copying span: Span<UInt8>) {
    self = span.withUnsafeBytes { Bytes(copying: $0) }
  }

  /// The memory of an array of trivial values, for example of `Double`, in this machine's byte order; a large one is
  /// kept, not copied.
  public init<Element: BitwiseCopyable>(bitsOf array: [Element]) {
    // The memory of an array of trivial elements stays where it is as long as the array is held, and who changes
    // another value of it gets memory of his own first.
    self = array.withUnsafeBytes { Bytes(keeping: array, memory: $0) }
  }

  /// The memory of a value: kept with it if it is large, else copied.
  ///
  /// The caller vouches that the memory of a large value neither moves nor changes as long as the value is held.
  init<Owner>(keeping owner: Owner, memory: UnsafeRawBufferPointer) {
    guard memory.count > ByteStorage.inlineLimit else {
      self.init(copying: memory)
      return
    }
    self.init(owner: KeptStorage(owner), base: memory.baseAddress, count: memory.count)
  }

  init(copying buffer: UnsafeRawBufferPointer) {
    guard !buffer.isEmpty else {
      self.init()
      return
    }
    self.init(ByteStorage.copying(buffer))
  }

  /// Takes over what a message holds and leaves it empty.
  init(taking message: UnsafeMutablePointer<zmq_msg_t>) {
    self.init(
      ByteStorage.frame { target in
        zmq_msg_init(target)
        zmq_msg_move(target, message)
      })
  }

  /// Shares what a message holds: a reference for large frames, a copy of the few bytes libzmq keeps inline.
  init(sharing message: UnsafeMutablePointer<zmq_msg_t>) {
    self.init(
      ByteStorage.frame { target in
        zmq_msg_init(target)
        zmq_msg_copy(target, message)
      })
  }

  /// Whether there are none.
  public var isEmpty: Bool { count == 0 }

  /// A copy as an array.
  public var array: [UInt8] { withUnsafeBytes { Array($0) } }

  /// The bytes as UTF-8 text; invalid sequences become U+FFFD.
  public var string: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }

  /// One byte. The index is a programmer's responsibility, as with an array.
  public subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < count, "index out of range")
    return withUnsafeBytes { $0[index] }
  }

  /// A part, sharing this one's memory. The range is a programmer's responsibility, as with an array.
  public subscript(range: Range<Int>) -> Bytes {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range out of bounds")
    guard !range.isEmpty, let base else { return Bytes() }
    return Bytes(owner: owner, base: base + range.lowerBound, count: range.count)
  }

  /// Whether these begin with others.
  public func hasPrefix(_ other: Bytes) -> Bool { count >= other.count && self[0..<other.count] == other }

  /// Calls a closure with the bytes.
  public func withSpan<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let base else { return try body(Span()) }
    defer { withExtendedLifetime(owner) {} }
    return try body(Span(_unsafeStart: base.assumingMemoryBound(to: UInt8.self), count: count))
  }

  /// The bytes read as values of a trivial type in this machine's byte order; a remainder is left out.
  public func elements<Element: BitwiseCopyable>(of type: Element.Type) -> [Element] {
    withUnsafeBytes { buffer in
      let size = MemoryLayout<Element>.stride
      let whole = buffer.count / size
      return [Element](unsafeUninitializedCapacity: whole) { target, initialized in
        if whole > 0, let source = buffer.baseAddress, let destination = target.baseAddress {
          memcpy(UnsafeMutableRawPointer(destination), source, whole * size)
        }
        initialized = whole
      }
    }
  }

  /// Calls a closure with the bytes, for library calls that take a buffer pointer.
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    defer { withExtendedLifetime(owner) {} }
    return try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// Fills a message: small payloads are copied, large ones travel by reference.
  func fill(_ message: UnsafeMutablePointer<zmq_msg_t>) {
    guard let base, let owner else {
      zmq_msg_init(message)
      return
    }
    if count <= ByteStorage.inlineLimit {
      UnsafeRawBufferPointer(start: base, count: count).copy(to: message)
      return
    }
    let retained = Unmanaged.passRetained(owner)
    let failed = zmq_msg_init_data(
      message, UnsafeMutableRawPointer(mutating: base), count,
      { _, hint in if let hint { Unmanaged<AnyObject>.fromOpaque(hint).release() } }, retained.toOpaque())
    // Traps without memory, as an array would; an empty frame in its place would go unnoticed.
    precondition(failed == 0, "no memory for a frame of \(count) bytes")
  }
}

extension Bytes: Hashable {
  public static func == (left: Bytes, right: Bytes) -> Bool {
    guard left.count == right.count else { return false }
    return left.withUnsafeBytes { a in
      right.withUnsafeBytes { b in
        guard let a = a.baseAddress, let b = b.baseAddress else { return true }
        return a == b || memcmp(a, b, left.count) == 0
      }
    }
  }

  public func hash(into hasher: inout Hasher) {
    withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}

extension Bytes: CustomStringConvertible {
  public var description: String { "\(count) bytes" }
}

/// A value whose memory is behind ``Bytes``.
private final class KeptStorage<Value> {
  private let value: Value
  init(_ value: Value) { self.value = value }
}

/// Memory behind ``Bytes``: the bytes themselves, or a libzmq message, in the tail of one allocation.
///
/// The tail is one of words, not of bytes: a libzmq message must be aligned like the pointers it holds.
final class ByteStorage: ManagedBuffer<ByteStorage.Header, UInt> {
  struct Header {
    var base: UnsafeRawPointer
    var count: Int
    var isFrame: Bool
  }

  /// Up to here copying is cheaper than a reference count that crosses threads.
  static let inlineLimit = 1024

  var base: UnsafeRawPointer { header.base }
  var size: Int { header.count }

  static func copying(_ source: UnsafeRawBufferPointer) -> ByteStorage {
    let made = ByteStorage.create(minimumCapacity: words(source.count)) { buffer in
      buffer.withUnsafeMutablePointerToElements { tail in
        UnsafeMutableRawBufferPointer(start: tail, count: source.count).copyMemory(from: source)
        return Header(base: UnsafeRawPointer(tail), count: source.count, isFrame: false)
      }
    }
    return unsafeDowncast(made, to: ByteStorage.self)
  }

  static func frame(_ fill: (UnsafeMutablePointer<zmq_msg_t>) -> Void) -> ByteStorage {
    let made = ByteStorage.create(minimumCapacity: words(MemoryLayout<zmq_msg_t>.size)) { buffer in
      buffer.withUnsafeMutablePointerToElements { tail in
        let message = UnsafeMutableRawPointer(tail).bindMemory(to: zmq_msg_t.self, capacity: 1)
        fill(message)
        let data = zmq_msg_data(message).map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(tail)
        return Header(base: data, count: zmq_msg_size(message), isFrame: true)
      }
    }
    return unsafeDowncast(made, to: ByteStorage.self)
  }

  private static func words(_ bytes: Int) -> Int {
    let size = MemoryLayout<UInt>.size
    return bytes / size + (bytes % size == 0 ? 0 : 1)
  }

  deinit {
    guard header.isFrame else { return }
    withUnsafeMutablePointerToElements { tail in
      _ = zmq_msg_close(UnsafeMutableRawPointer(tail).assumingMemoryBound(to: zmq_msg_t.self))
    }
  }
}
