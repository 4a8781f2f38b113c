import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Immutable bytes, which are shared and not copied when they are passed on or sliced.
///
/// The memory is an allocation of their own, a frame received from a socket, or that of a large array or `Data`. It lives
/// as long as any slice of it.
///
/// `@unchecked Sendable`: all stored properties are constants, the memory they refer to never changes, and `owner` is only
/// retained and released, which is atomic. Releasing the last reference may close a libzmq message, whose reference count
/// is atomic, or free an array of trivial elements or a `Data`, which any thread may do.
public struct Bytes: @unchecked Sendable {
  /// What keeps the memory alive: a ``ByteStorage``, a ``FrameStorage`` or a ``KeptStorage``.
  private let owner: AnyObject?
  private let base: UnsafeRawPointer?
  /// How many bytes there are.
  public let count: Int

  /// Makes bytes of memory that neither moves nor changes while its owner lives.
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
    // The memory of an array of trivial elements stays in place while the array is held. Code that changes another copy
    // of the array gets memory of its own first.
    self = array.withUnsafeBytes { Bytes(keeping: array, memory: $0) }
  }

  /// Keeps a value for its memory if that is large, and copies the memory otherwise.
  ///
  /// The caller guarantees that the memory of a large value neither moves nor changes while the value is held.
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

  /// Takes the content of a message and leaves the message empty.
  init(taking message: UnsafeMutablePointer<zmq_msg_t>) {
    self.init(
      ByteStorage.frame { target in
        zmq_msg_init(target)
        zmq_msg_move(target, message)
      })
  }

  /// Shares the content of a message: by reference if it is large; a copy of the few bytes that libzmq keeps inline.
  init(sharing message: UnsafeMutablePointer<zmq_msg_t>) {
    self.init(
      ByteStorage.frame { target in
        zmq_msg_init(target)
        zmq_msg_copy(target, message)
      })
  }

  /// Whether there are no bytes.
  public var isEmpty: Bool { count == 0 }

  /// A copy as an array.
  public var array: [UInt8] { withUnsafeBytes { Array($0) } }

  /// The bytes as UTF-8 text; invalid sequences become U+FFFD.
  public var string: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }

  /// One byte. Traps if it isn't there, as an array does.
  package subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < count, "index out of range")
    return withUnsafeBytes { $0[index] }
  }

  /// The bytes in a range, as far as they are there, sharing this value's memory.
  public subscript(range: Range<Int>) -> Bytes {
    let range = range.clamped(to: 0..<count)
    guard !range.isEmpty, let base else { return Bytes() }
    return Bytes(owner: owner, base: base + range.lowerBound, count: range.count)
  }

  /// Whether these bytes begin with others.
  public func hasPrefix(_ other: Bytes) -> Bool { count >= other.count && self[0..<other.count] == other }

  /// Calls a closure with the bytes.
  public func withSpan<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let base else { return try body(Span()) }
    defer { withExtendedLifetime(owner) {} }
    return try body(Span(_unsafeStart: base.assumingMemoryBound(to: UInt8.self), count: count))
  }

  /// The bytes as values of a trivial type in this machine's byte order; an incomplete value at the end is left out.
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

  /// Calls a closure with the bytes, for functions that take a buffer pointer.
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    defer { withExtendedLifetime(owner) {} }
    return try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// Fills a message: small payloads are copied, large ones are referenced.
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
    // Traps when out of memory, as an array would; an empty frame in its place would go unnoticed.
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
