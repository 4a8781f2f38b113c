import MartletWire

/// The records of a ``MemoryTaskStore``.
///
/// When their number or the size of their buffers exceeds a limit, old records are dropped until a fraction of the limit is
/// free again: those that completed longest ago first, and the oldest pending ones only when no completed record is left
/// (`DictDB` drops the oldest, completed or not). The limits therefore always hold, and a record whose own buffers exceed
/// the size limit is dropped at once. A dropped record leaves no trace.
///
/// Adding, updating, dropping by id and looking up take constant time on average. `history` and queries that name no
/// ids scan every record.
struct MemoryTaskRecords {
  private let recordLimit: Int
  private let sizeLimit: Int
  private let cullFraction: Double
  private typealias Table = MessageTable<StoredTask>

  private var table = MessageTable(vacant: StoredTask())
  /// Records without a result, in the order in which they were added. Completed records are in order of completion.
  private var pending = Table.List()
  private var completed = Table.List()
  private var nextSerial = 0

  /// Bytes of buffers and streams in all records.
  private(set) var bufferBytes = 0

  init(recordLimit: Int, sizeLimit: Int, cullFraction: Double) {
    self.recordLimit = max(0, recordLimit)
    self.sizeLimit = max(0, sizeLimit)
    self.cullFraction = min(max(0, cullFraction), 1)
  }

  /// Adds a record, and drops others if a limit is exceeded.
  mutating func add(_ record: TaskRecord) throws(TaskStoreError) {
    let (slot, isNew) = table.slot(of: record.messageID)
    guard isNew else { throw TaskStoreError(.duplicate, "already have msg_id '\(record.messageID)'") }
    insert(slot) { $0.replace(with: record) }
  }

  /// The record of a task, or nil if there is none.
  func record(_ messageID: String) -> TaskRecord? { table.find(messageID).map { record($0) } }

  /// Updates a record, and drops others if a limit is exceeded.
  mutating func update(_ messageID: String, _ update: TaskRecordUpdate) throws(TaskStoreError) {
    try change(messageID) { $0.apply(update, id: messageID) }
  }

  /// Adds the record of a request or completes an existing one, and drops others if a limit is exceeded.
  mutating func addRequest(_ request: TaskRequest) {
    let id = request.messageID
    let (slot, isNew) = table.slot(of: id)
    if isNew {
      insert(slot) { $0.begin(with: request) }
    } else {
      change(slot) { $0.apply(request.update(of: $0.record(id: id)), id: id) }
    }
  }

  /// Sets the engine that a task was assigned to.
  mutating func setEngine(_ uuid: String, of messageID: String) throws(TaskStoreError) {
    try change(messageID) { $0.setEngine(uuid) }
  }

  /// Completes a record with the reply, and drops others if a limit is exceeded.
  mutating func setResult(_ result: TaskResult) throws(TaskStoreError) {
    try change(result.messageID) { $0.complete(with: result) }
  }

  /// Drops the records that match a query and returns their number.
  mutating func drop(matching query: TaskQuery) -> Int {
    let matches = matches(query)
    for slot in matches { remove(slot) }
    return matches.count
  }

  /// The records that match a query, in the order in which they were added.
  func find(_ query: TaskQuery, keys: [TaskRecordKey]) -> [TaskRecord] {
    let includesBuffers = keys.contains { $0.kind == .buffers }
    return matches(query).map { record($0, includesBuffers: includesBuffers).selecting(keys) }
  }

  /// The msg_ids of all records with a time of submission, in that order.
  func history() -> [String] {
    slots.compactMap { slot in table[slot].submitted.map { ($0, table[slot].serial, slot) } }
      .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
      .map { table.id(of: $0.2) }
  }

  /// The number of records.
  var count: Int { table.count }

  private var slots: [Table.Slot] { table.slots(in: pending) + table.slots(in: completed) }

  private func record(_ slot: Table.Slot, includesBuffers: Bool = true) -> TaskRecord {
    table[slot].record(id: table.id(of: slot), includesBuffers: includesBuffers)
  }

  /// The slots of matching records, in the order in which they were added.
  private func matches(_ query: TaskQuery) -> [Table.Slot] {
    let candidates = query.messageIDs.map { Set($0).compactMap { table.find($0) } } ?? slots
    let readsBuffers = query.conditions.contains { $0.key.kind == .buffers }
    return candidates.filter { query.matches(record($0, includesBuffers: readsBuffers)) }
      .sorted { table[$0].serial < table[$1].serial }
  }

  // MARK: - Changes

  private mutating func insert(_ slot: Table.Slot, _ fill: (inout StoredTask) -> Void) {
    nextSerial += 1
    table[slot].serial = nextSerial
    table.append(slot, to: &pending)
    change(slot, fill)
  }

  private mutating func change(_ messageID: String, _ body: (inout StoredTask) -> Void) throws(TaskStoreError) {
    guard let slot = table.find(messageID) else {
      throw .notFound(messageID)
    }
    change(slot, body)
  }

  /// Changes a record in place and updates the total size and the lists.
  private mutating func change(_ slot: Table.Slot, _ body: (inout StoredTask) -> Void) {
    let wasCompleted = table[slot].isCompleted
    bufferBytes -= table[slot].bufferBytes
    body(&table[slot])
    bufferBytes += table[slot].bufferBytes
    if table[slot].isCompleted, !wasCompleted {
      table.unlink(slot, from: &pending)
      table.append(slot, to: &completed)
    }
    cull()
  }

  private mutating func remove(_ slot: Table.Slot) {
    bufferBytes -= table[slot].bufferBytes
    if table[slot].isCompleted { table.unlink(slot, from: &completed) } else { table.unlink(slot, from: &pending) }
    table.remove(slot)
  }

  private mutating func cull() {
    if table.count > recordLimit {
      for _ in 0..<max(1, Int(cullFraction * Double(recordLimit))) { removeOldest() }
    }
    if bufferBytes > sizeLimit {
      let target = Double(sizeLimit) * (1 - cullFraction)
      while Double(bufferBytes) > target { removeOldest() }
    }
  }

  private mutating func removeOldest() {
    if let oldest = completed.first ?? pending.first { remove(oldest) }
  }
}
