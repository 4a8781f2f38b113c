import DequeModule
import MartletZeroMQ

/// What a journal of an earlier controller says: the tasks to go on with, and the results that are kept.
struct JournalRecovery: Sendable {
  /// A task that has not ended.
  struct OpenTask: Sendable {
    let number: UInt64
    /// As it came from the client.
    let frames: [Bytes]
    /// `nil` if no engine ever had it.
    let placement: TaskPlacement?
  }

  /// A task that has ended.
  struct EndedTask: Sendable {
    let id: String
    let isSuccess: Bool
    /// The signature of the task's message.
    let signature: Bytes
  }

  /// Whether there was a journal.
  let isContinuation: Bool
  /// In the order in which they were accepted.
  private(set) var tasks: [OpenTask] = []
  /// Those that have ended, in the order in which they did.
  private(set) var ended: [EndedTask] = []
  /// The latest results. The others are read when somebody asks for them.
  private(set) var results = Deque<JournaledResult>()
  /// The number of the next task.
  private(set) var nextNumber: UInt64 = 1
  /// How many entries, or batches, could not be read.
  private(set) var damaged = 0

  private let resultLimit: Int
  private var resultBytes = 0
  private var accepted: [UInt64: [Bytes]] = [:]
  private var placements: [UInt64: TaskPlacement] = [:]

  /// - Parameters:
  ///   - isContinuation: whether there was a journal.
  ///   - resultLimit: the most bytes of the latest results that are kept.
  init(isContinuation: Bool = false, resultLimit: Int = 16 << 20) {
    self.isContinuation = isContinuation
    self.resultLimit = resultLimit
  }

  /// A batch can't be read.
  mutating func noteDamage() { damaged += 1 }

  /// Reads a batch that follows all others.
  mutating func note(_ bytes: [UInt8]) {
    var entries = JournalEntries(bytes)
    while let entry = entries.next() {
      nextNumber = max(nextNumber, entry.number &+ 1)
      var reader = JournalReader(bytes, entry.rest)
      switch entry.kind {
      case .accepted:
        if let frames = reader.frames(), !frames.isEmpty { accepted[entry.number] = frames } else { damaged += 1 }
      case .placed:
        if let placement = TaskPlacement(&reader) { placements[entry.number] = placement } else { damaged += 1 }
      case .finished:
        close(entry.number)
        if let result = JournaledResult(entry, in: bytes) { keep(result) } else { damaged += 1 }
      case .undelivered: break
      case .ended: close(entry.number)
      }
    }
    if !entries.isAtEnd { damaged += 1 }
  }

  private mutating func keep(_ result: JournaledResult) {
    ended.append(EndedTask(id: result.id, isSuccess: result.isSuccess, signature: result.signature))
    results.append(result)
    resultBytes += result.byteCount
    while resultBytes > resultLimit, let first = results.popFirst() { resultBytes -= first.byteCount }
  }

  private mutating func close(_ number: UInt64) {
    accepted[number] = nil
    placements[number] = nil
  }

  /// Everything was read: puts the tasks in order.
  mutating func finish() {
    tasks = accepted.sorted { $0.key < $1.key }.map {
      OpenTask(number: $0.key, frames: $0.value, placement: placements[$0.key])
    }
    (accepted, placements) = ([:], [:])
  }
}

extension TaskPlacement {
  init?(_ reader: inout JournalReader) {
    guard let attempt = reader.number(UInt16.self), let retries = reader.number(Int32.self),
      let lossCount = reader.number(UInt16.self), let order = reader.number(UInt64.self), let engine = reader.text()
    else { return nil }
    self.init(
      engine: engine.isEmpty ? nil : engine, attempt: attempt, retries: Int16(clamping: retries), lossCount: lossCount,
      order: Int(clamping: order))
  }
}
