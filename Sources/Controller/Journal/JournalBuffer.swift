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
    let start = begin(.accepted, number)
    append(task.frames)
    end(start)
  }

  /// A task was given to an engine, or queued again.
  mutating func placed(_ number: UInt64, _ placement: TaskPlacement) {
    let start = begin(.placed, number)
    bytes.append(littleEndian: UInt16(clamping: placement.attempt))
    bytes.append(littleEndian: Int32(clamping: placement.retries))
    bytes.append(littleEndian: UInt16(clamping: placement.lossCount))
    bytes.append(littleEndian: UInt64(clamping: placement.order))
    bytes.append(contentsOf: (placement.engine ?? "").utf8)
    end(start)
  }

  /// A task has ended with a reply, the way it goes to the client.
  mutating func finished(_ number: UInt64, id: String, isSuccess: Bool, task: HeldMessage, reply: HeldMessage) {
    let start = begin(.finished, number)
    bytes.append(isSuccess ? 1 : 0)
    bytes.append(littleEndian: UInt32(clamping: id.utf8.count))
    bytes.append(contentsOf: id.utf8)
    append(task.layout, of: task.frames, reply.frames, from: reply.layout.delimiter)
    end(start)
  }

  /// The reply to a task could not be sent.
  mutating func undelivered(_ number: UInt64) { end(begin(.undelivered, number)) }

  /// A task has ended without a reply that is kept.
  mutating func ended(_ number: UInt64) { end(begin(.ended, number)) }

  // MARK: - Parts

  /// Adds all frames of a task.
  private mutating func append(_ task: borrowing Multipart) {
    bytes.append(littleEndian: UInt32(clamping: task.count))
    for index in 0..<task.count { appendSize(of: task, index) }
    for index in 0..<task.count { task.copyFrame(index, to: &bytes) }
  }

  /// Adds those frames of a task that a record of it needs, and the frames of its reply from one on.
  private mutating func append(
    _ layout: MessageLayout, of task: borrowing Multipart, _ reply: borrowing Multipart, from first: Int
  ) {
    let frames = first..<max(first, reply.count)
    bytes.append(littleEndian: UInt32(clamping: 3 + frames.count))
    appendSize(of: task, layout.signature)
    appendSize(of: task, layout.metadata)
    appendSize(of: task, layout.content)
    for index in frames { appendSize(of: reply, index) }
    task.copyFrame(layout.signature, to: &bytes)
    task.copyFrame(layout.metadata, to: &bytes)
    task.copyFrame(layout.content, to: &bytes)
    for index in frames { reply.copyFrame(index, to: &bytes) }
  }

  private mutating func appendSize(of message: borrowing Multipart, _ index: Int) {
    bytes.append(littleEndian: UInt32(clamping: message.size(of: index)))
  }

  /// Adds the beginning of an entry, whose rest follows.
  ///
  /// - Returns: where the entry begins.
  private mutating func begin(_ kind: JournalEntryKind, _ number: UInt64) -> Int {
    let start = bytes.count
    bytes.append(kind.rawValue)
    bytes.append(littleEndian: number)
    bytes.append(littleEndian: UInt32(0))
    return start
  }

  /// Notes the length of an entry, which is complete.
  private mutating func end(_ start: Int) {
    let rest = start + Self.headerSize
    var length = UInt32(clamping: bytes.count - rest)
    for index in (rest - 4)..<rest {
      bytes[index] = UInt8(truncatingIfNeeded: length)
      length >>= 8
    }
  }
}
