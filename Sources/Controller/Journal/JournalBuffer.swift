import MartletWire
import MartletZeroMQ

/// Entries of a journal in the making.
///
/// An entry is its kind (one byte), the number of its task (64 bits), the length of the rest (32 bits) and the rest.
/// Numbers have the lowest byte first. Frames are their number, their sizes (32 bits each) and their bytes: they are copied
/// once, into the blob that becomes a row of the database.
struct JournalBuffer: Sendable {
  private(set) var bytes: [UInt8] = []

  /// The size of an entry without its rest.
  static let headerSize = 13

  var isEmpty: Bool { bytes.isEmpty }

  /// Takes the entries, and leaves none. The next ones are expected to be about as large.
  mutating func take() -> [UInt8] {
    let taken = bytes
    bytes = []
    bytes.reserveCapacity(min(taken.count, Self.reservedSize))
    return taken
  }

  private static let reservedSize = 1 << 20

  /// Adds entries that were made before.
  mutating func append(_ entries: ArraySlice<UInt8>) { bytes.append(contentsOf: entries) }

  /// A task was accepted.
  mutating func accepted(_ number: UInt64, _ task: HeldMessage) {
    add(.accepted, number) { $0.append(task.frames, task.frames.count, from: 0) }
  }

  /// A task was given to an engine, or queued again.
  mutating func placed(_ number: UInt64, _ placement: TaskPlacement) {
    add(.placed, number) { buffer in
      buffer.append(UInt16(clamping: placement.attempt))
      buffer.append(Int32(clamping: placement.retries))
      buffer.append(UInt16(clamping: placement.lossCount))
      buffer.append(UInt64(clamping: placement.order))
      buffer.bytes.append(contentsOf: (placement.engine ?? "").utf8)
    }
  }

  /// A task has ended with a reply, the way it goes to the client.
  mutating func finished(_ number: UInt64, id: String, isSuccess: Bool, task: HeldMessage, reply: HeldMessage) {
    add(.finished, number) { buffer in
      buffer.bytes.append(isSuccess ? 1 : 0)
      buffer.append(UInt32(clamping: id.utf8.count))
      buffer.bytes.append(contentsOf: id.utf8)
      let kept = [task.layout.signature, task.layout.metadata, task.layout.content]
      let first = reply.layout.delimiter
      let count = max(0, reply.frames.count - first)
      buffer.append(UInt32(clamping: kept.count + count))
      for index in kept { buffer.append(UInt32(clamping: task.frames.size(of: index))) }
      for index in first..<(first + count) { buffer.append(UInt32(clamping: reply.frames.size(of: index))) }
      for index in kept { task.frames.copyFrame(index, to: &buffer.bytes) }
      for index in first..<(first + count) { reply.frames.copyFrame(index, to: &buffer.bytes) }
    }
  }

  /// The reply to a task could not be sent.
  mutating func undelivered(_ number: UInt64) { add(.undelivered, number) { _ in } }

  /// A task has ended without a reply that is kept.
  mutating func ended(_ number: UInt64) { add(.ended, number) { _ in } }

  private mutating func append(_ message: borrowing Multipart, _ count: Int, from first: Int) {
    append(UInt32(clamping: count))
    for index in first..<(first + count) { append(UInt32(clamping: message.size(of: index))) }
    for index in first..<(first + count) { message.copyFrame(index, to: &bytes) }
  }

  private mutating func add(_ kind: JournalEntryKind, _ number: UInt64, _ body: (inout JournalBuffer) -> Void) {
    bytes.append(kind.rawValue)
    append(number)
    let length = bytes.count
    append(UInt32(0))
    body(&self)
    var rest = UInt32(clamping: bytes.count - length - 4)
    for index in length..<(length + 4) {
      bytes[index] = UInt8(truncatingIfNeeded: rest)
      rest >>= 8
    }
  }

  private mutating func append(_ number: some FixedWidthInteger) {
    for index in 0..<(number.bitWidth / 8) { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
  }
}
