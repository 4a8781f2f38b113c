import DequeModule

/// The batches of a journal, and how much of each is needed. A value without I/O.
struct JournalBatches: Sendable {
  typealias ID = Int64
  typealias Entry = (kind: JournalEntryKind, number: UInt64)

  /// Where an entry is.
  struct Place: Sendable {
    let batch: ID
    /// In bytes.
    var size: Int
  }

  struct Batch: Sendable {
    let size: Int
    fileprivate var entries: [Entry] = []
    fileprivate var liveCount = 0
    fileprivate var liveBytes = 0
    fileprivate var isSparse = false

    fileprivate init(size: Int) { self.size = size }
  }

  typealias Slot = NumberTable<Batch>.Slot

  private var batches = NumberTable(vacant: Batch(size: 0))
  /// Those of which less than half was needed at some time.
  private var sparse = Deque<ID>()
  /// Those of which nothing was needed at some time.
  private var removable: [ID] = []
  /// The bytes of all batches.
  private(set) var totalBytes = 0
  /// The bytes that are needed.
  private(set) var liveBytes = 0
  /// The id of the next batch.
  private(set) var nextID: ID = 1

  /// How many batches there are.
  var count: Int { batches.count }

  /// Whether a batch is there.
  func contains(_ id: ID) -> Bool { find(id) != nil }

  private func find(_ id: ID) -> Slot? { batches.find(UInt64(bitPattern: id)) }

  // MARK: - Coming

  /// Adds a batch that follows all others, and whose entries are noted next.
  mutating func begin(_ id: ID, size: Int) -> Slot {
    nextID = max(nextID, id + 1)
    totalBytes += size
    return batches.insert(Batch(size: size), for: UInt64(bitPattern: id))
  }

  /// Notes an entry of a batch.
  mutating func note(_ kind: JournalEntryKind, _ number: UInt64, in batch: Slot) {
    batches[batch].entries.append((kind, number))
  }

  /// All entries of a batch are noted, and those counted that are needed.
  mutating func end(_ batch: Slot, _ id: ID) {
    if batches[batch].liveCount == 0 { removable.append(id) }
    noteSparse(batch, id)
  }

  // MARK: - What is needed

  /// An entry is needed.
  mutating func count(_ place: Place) {
    guard let batch = find(place.batch) else { return }
    batches[batch].liveCount += 1
    batches[batch].liveBytes += place.size
    liveBytes += place.size
  }

  /// An entry is not needed any more.
  mutating func uncount(_ place: Place?) {
    guard let place, let batch = find(place.batch) else { return }
    batches[batch].liveCount -= 1
    batches[batch].liveBytes -= place.size
    liveBytes -= place.size
    if batches[batch].liveCount == 0 { removable.append(place.batch) }
    noteSparse(batch, place.batch)
  }

  private mutating func noteSparse(_ batch: Slot, _ id: ID) {
    guard !batches[batch].isSparse, batches[batch].liveBytes * 2 < batches[batch].size else { return }
    batches[batch].isSparse = true
    sparse.append(id)
  }

  // MARK: - Going

  /// Removes a batch of which nothing is needed.
  mutating func popRemovable() -> (id: ID, entries: [Entry])? {
    while let id = removable.popLast() {
      guard let batch = find(id), batches[batch].liveCount == 0 else { continue }
      let (size, entries) = (batches[batch].size, batches[batch].entries)
      batches.remove(batch)
      totalBytes -= size
      return (id, entries)
    }
    return nil
  }

  /// Batches of which what is needed is to be written again.
  ///
  /// - Parameters:
  ///   - limit: how many bytes to write, about.
  ///   - slack: how many bytes there may be in addition to twice those that are needed.
  mutating func takeSparse(bytes limit: Int, slack: Int) -> [ID] {
    var chosen: [ID] = []
    var (excess, left) = (totalBytes - 2 * liveBytes - slack, limit)
    while excess > 0, left > 0, let id = sparse.popFirst() {
      guard let batch = find(id).map({ batches[$0] }) else { continue }
      excess -= batch.size - batch.liveBytes
      left -= batch.liveBytes
      chosen.append(id)
    }
    return chosen
  }

  // MARK: - Invariants

  /// What is wrong with the batches.
  ///
  /// - Parameter live: how many entries are needed of each batch, and their bytes.
  func problems(live: [ID: (count: Int, bytes: Int)]) -> [String] {
    var problems: [String] = []
    var sums = (0, 0)
    batches.visit { id, batch in
      let found = live[ID(bitPattern: id)] ?? (0, 0)
      if found.count != batch.liveCount || found.bytes != batch.liveBytes {
        problems.append("batch \(id) has \(found), not \(batch.liveCount), \(batch.liveBytes)")
      }
      sums = (sums.0 + batch.size, sums.1 + batch.liveBytes)
    }
    if live.keys.contains(where: { !contains($0) }) { problems.append("something is in a deleted batch") }
    if sums != (totalBytes, liveBytes) { problems.append("\(sums) bytes, not \((totalBytes, liveBytes))") }
    return problems
  }
}
