import MartletZeroMQ

/// The entries of a batch, read one after the other. A batch that was damaged ends before the damage.
struct JournalEntries: IteratorProtocol, Sequence {
  /// An entry, and where its rest is among the bytes of the batch.
  struct Entry: Hashable {
    let kind: JournalEntryKind
    let number: UInt64
    /// The whole entry.
    let range: Range<Int>

    /// What follows the header.
    var rest: Range<Int> { (range.lowerBound + JournalBuffer.headerSize)..<range.upperBound }
    /// The size of the whole entry.
    var size: Int { range.count }
  }

  let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether all bytes have been read. What is left after the last entry is damaged.
  var isAtEnd: Bool { position == bytes.count }

  mutating func next() -> Entry? {
    var reader = JournalReader(bytes, position..<bytes.count)
    guard let kind = reader.number(UInt8.self).flatMap({ JournalEntryKind(rawValue: $0) }),
      let number = reader.number(UInt64.self), let length = reader.number(UInt32.self),
      Int(length) <= reader.rest.count
    else { return nil }
    let start = position
    position = reader.rest.lowerBound + Int(length)
    return Entry(kind: kind, number: number, range: start..<position)
  }
}

/// Reads the parts of an entry. Everything that doesn't fit is `nil`.
struct JournalReader {
  private let bytes: [UInt8]
  /// What has not been read.
  private(set) var rest: Range<Int>

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    rest = range.clamped(to: 0..<bytes.count)
  }

  mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
    guard let range = take(Number.bitWidth / 8) else { return nil }
    return Number(littleEndian: bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: range.lowerBound, as: Number.self))
  }

  /// A text of a given length; all that is left by default.
  mutating func text(_ count: Int? = nil) -> String? {
    take(count ?? rest.count).flatMap { String(validating: bytes[$0], as: UTF8.self) }
  }

  /// Frames, copied.
  mutating func frames() -> [Bytes]? {
    guard let count = number(UInt32.self), Int(count) <= rest.count / 4 else { return nil }
    var sizes: [Int] = []
    for _ in 0..<count {
      guard let size = number(UInt32.self) else { return nil }
      sizes.append(Int(size))
    }
    var frames: [Bytes] = []
    frames.reserveCapacity(sizes.count)
    for size in sizes {
      guard let range = take(size) else { return nil }
      frames.append(Bytes(bytes[range]))
    }
    return frames
  }

  private mutating func take(_ count: Int) -> Range<Int>? {
    guard count <= rest.count else { return nil }
    let taken = rest.lowerBound..<(rest.lowerBound + count)
    rest = taken.upperBound..<rest.upperBound
    return taken
  }
}

/// A task that has ended, with its reply.
struct JournaledResult: Sendable {
  let number: UInt64
  /// The task's `msg_id`.
  let id: String
  let isSuccess: Bool
  /// The signature of the task's message.
  let signature: Bytes
  /// The task's metadata and content.
  let request: (metadata: Bytes, content: Bytes)
  /// The frames of the reply from the delimiter on.
  let reply: [Bytes]

  /// The size of its frames.
  var byteCount: Int { reply.reduce(request.metadata.count + request.content.count) { $0 + $1.count } }

  /// Reads an entry of the kind ``JournalEntryKind/finished``; `nil` if it is damaged.
  init?(_ entry: JournalEntries.Entry, in bytes: [UInt8]) {
    var reader = JournalReader(bytes, entry.rest)
    guard let flags = reader.number(UInt8.self), let length = reader.number(UInt32.self),
      let id = reader.text(Int(length)), var frames = reader.frames(), frames.count >= 9
    else { return nil }
    number = entry.number
    self.id = id
    isSuccess = flags == 1
    signature = frames[0]
    request = (frames[1], frames[2])
    frames.removeFirst(3)
    reply = frames
  }

  /// The bytes of the `msg_id` of such an entry.
  static func idBytes(_ entry: JournalEntries.Entry, in bytes: [UInt8]) -> ArraySlice<UInt8> {
    var reader = JournalReader(bytes, entry.rest)
    guard reader.number(UInt8.self) != nil, let length = reader.number(UInt32.self), Int(length) <= reader.rest.count
    else { return [] }
    return bytes[reader.rest.prefix(Int(length))]
  }
}
