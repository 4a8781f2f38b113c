import MartletWire
import MartletZeroMQ

/// Entries of a journal in the making.
///
/// An entry is its kind (one byte), the number of its task (64 bits), the length of the rest (32 bits) and the rest.
/// Numbers have the lowest byte first. Frames are their number, their sizes (32 bits each) and their bytes: they are copied
/// once, into the blob that becomes a row of the database.
struct JournalBuffer: Sendable {
  private(set) var bytes: [UInt8] = []
  private let messageLimit: Int

  /// - Parameter messageLimit: how many bytes a task or a reply may have.
  init(messageLimit: Int = Journal.messageLimit) { self.messageLimit = messageLimit }

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
  ///
  /// - Returns: whether it is small enough for a row of the database. If not, nothing is added.
  mutating func accepted(_ number: UInt64, _ task: HeldMessage) -> Bool {
    let start = begin(.accepted, number)
    return end(start, isComplete: append(task.frames))
  }

  /// A task was given to an engine, or queued again.
  mutating func placed(_ number: UInt64, _ placement: TaskPlacement) {
    let start = begin(.placed, number)
    bytes.append(littleEndian: placement.attempt)
    bytes.append(littleEndian: Int32(placement.retries))
    bytes.append(littleEndian: placement.lossCount)
    bytes.append(littleEndian: UInt64(clamping: placement.order))
    bytes.append(contentsOf: (placement.engine ?? "").utf8)
    end(start)
  }

  /// A task has ended with a reply, the way it goes to the client.
  ///
  /// - Returns: whether the reply is small enough for a row of the database. If not, nothing is added.
  mutating func finished(
    _ number: UInt64, id: String, isSuccess: Bool, task: HeldMessage, reply: HeldMessage
  ) -> Bool {
    let start = begin(.finished, number)
    bytes.append(isSuccess ? 1 : 0)
    bytes.append(littleEndian: UInt32(clamping: id.utf8.count))
    bytes.append(contentsOf: id.utf8)
    return end(
      start, isComplete: append(task.layout, of: task.frames, reply.frames, from: reply.layout.delimiter))
  }

  /// The reply to a task could not be sent.
  mutating func undelivered(_ number: UInt64) { end(begin(.undelivered, number)) }

  /// A task has ended without a reply that is kept.
  mutating func ended(_ number: UInt64) { end(begin(.ended, number)) }

  // MARK: - Parts

  /// Adds all frames of a task, unless they are too large.
  private mutating func append(_ task: borrowing Multipart) -> Bool {
    bytes.append(littleEndian: UInt32(clamping: task.count))
    guard task.appendSizes(of: 0..<task.count, to: &bytes) <= messageLimit else { return false }
    task.appendBytes(of: 0..<task.count, to: &bytes)
    return true
  }

  /// Adds those frames of a task that a record of it needs, and the frames of its reply from one on, unless they are too
  /// large.
  private mutating func append(
    _ layout: MessageLayout, of task: borrowing Multipart, _ reply: borrowing Multipart, from first: Int
  ) -> Bool {
    let signature = layout.signature..<layout.signature + 1
    let request = layout.metadata..<layout.content + 1
    let frames = first..<max(first, reply.count)
    bytes.append(littleEndian: UInt32(clamping: signature.count + request.count + frames.count))
    var size = task.appendSizes(of: signature, to: &bytes)
    size += task.appendSizes(of: request, to: &bytes)
    size += reply.appendSizes(of: frames, to: &bytes)
    guard size <= messageLimit else { return false }
    task.appendBytes(of: signature, to: &bytes)
    task.appendBytes(of: request, to: &bytes)
    reply.appendBytes(of: frames, to: &bytes)
    return true
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

  /// Notes the length of an entry, or removes an incomplete one.
  ///
  /// - Returns: whether it is complete.
  @discardableResult
  private mutating func end(_ start: Int, isComplete: Bool = true) -> Bool {
    guard isComplete else {
      bytes.removeLast(bytes.count - start)
      return false
    }
    let rest = start + Self.headerSize
    var length = UInt32(clamping: bytes.count - rest)
    for index in (rest - 4)..<rest {
      bytes[index] = UInt8(truncatingIfNeeded: length)
      length >>= 8
    }
    return true
  }
}
