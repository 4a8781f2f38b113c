import Wire

/// A bounded store in memory: ipyparallel's `DictDB`.
///
/// When the records or the bytes of their buffers pass a limit, old records are dropped until a fraction of the limit
/// is free again: first those that completed longest ago, and only when no completed record is left the oldest pending
/// ones (`DictDB` drops the oldest, completed or not). So the limits always hold; a record whose own buffers exceed the
/// size limit is dropped at once. A dropped record is as if it had never been.
///
/// Adding, updating, dropping by id and looking up take constant time on average; a query that names no ids, and
/// `history`, look at every record.
public final class MemoryTaskStore: TaskStore {
  private struct Slot {
    var record: TaskRecord
    let serial: Int

    /// Changes the record in place, corrects the sum of all records' bytes, and says whether this completes the task.
    mutating func change(_ update: TaskRecordUpdate, _ bytes: inout Int) -> Bool {
      let wasCompleted = record.completed != nil
      bytes -= record.bufferBytes
      record.apply(update)
      bytes += record.bufferBytes
      return !wasCompleted && record.completed != nil
    }
  }

  private let recordLimit: Int
  private let sizeLimit: Int
  private let cullFraction: Double
  private var slots: [String: Slot] = [:]
  private var arrivals = RecordQueue()
  private var completions = RecordQueue()
  private var nextSerial = 0

  /// Bytes of buffers and streams in all records.
  public private(set) var bufferBytes = 0

  /// An empty store.
  ///
  /// - Parameters:
  ///   - recordLimit: How many records it may hold.
  ///   - sizeLimit: How many bytes of buffers it may hold.
  ///   - cullFraction: The part of a limit, between 0 and 1, that is freed when the limit is passed. At least one record
  ///     is dropped, however small it is.
  public init(recordLimit: Int = 1024, sizeLimit: Int = 1 << 30, cullFraction: Double = 0.1) {
    self.recordLimit = max(0, recordLimit)
    self.sizeLimit = max(0, sizeLimit)
    self.cullFraction = min(max(0, cullFraction), 1)
  }

  /// Adds a record, and drops others if that passes a limit.
  public func add(_ record: TaskRecord) throws(TaskStoreError) {
    guard slots[record.messageID] == nil else {
      throw TaskStoreError(.duplicate, "already have msg_id '\(record.messageID)'")
    }
    let entry = RecordQueue.Entry(messageID: record.messageID, serial: nextSerial)
    nextSerial += 1
    slots[record.messageID] = Slot(record: record, serial: entry.serial)
    arrivals.append(entry)
    if record.completed != nil { completions.append(entry) }
    bufferBytes += record.bufferBytes
    cull()
  }

  /// The record of a task, or nil if there is none.
  public func record(_ messageID: String) -> TaskRecord? { slots[messageID]?.record }

  /// Changes a record, and drops others if that passes a limit.
  public func update(_ messageID: String, _ update: TaskRecordUpdate) throws(TaskStoreError) {
    guard let index = slots.index(forKey: messageID) else {
      throw TaskStoreError(.notFound, "no such msg_id '\(messageID)'")
    }
    let completesNow = slots.values[index].change(update, &bufferBytes)
    if completesNow { completions.append(RecordQueue.Entry(messageID: messageID, serial: slots.values[index].serial)) }
    cull()
  }

  /// Drops the records that match a query and returns their number.
  @discardableResult
  public func drop(matching query: JSONValue) throws(TaskStoreError) -> Int {
    let matches = matches(try TaskQuery(query))
    for record in matches { remove(record.messageID) }
    return matches.count
  }

  /// The records that match a query, in the order they were added.
  public func find(_ query: JSONValue, keys: [String]? = nil) throws(TaskStoreError) -> [TaskRecord] {
    let selection = try TaskRecordKey.selection(keys)
    let matches = matches(try TaskQuery(query))
    return selection.count == TaskRecordKey.allCases.count ? matches : matches.map { $0.selecting(selection) }
  }

  /// The msg_ids of all records with a time of submission, in that order.
  public func history() -> [String] {
    // Sorting the few fields needed is many times faster than sorting whole records.
    slots
      .compactMap { messageID, slot in slot.record.submitted.map { ($0, slot.serial, messageID) } }
      .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
      .map(\.2)
  }

  /// The number of records.
  public var count: Int { slots.count }

  /// Does nothing: the records last as long as the process.
  public func flush() {}

  /// Does nothing.
  public func close() {}

  private func matches(_ query: TaskQuery) -> [TaskRecord] {
    guard let messageIDs = query.messageIDs else {
      return arrivals.entries.compactMap { isLive($0) ? slots[$0.messageID]?.record : nil }.filter(query.matches)
    }
    return Set(messageIDs).compactMap { slots[$0] }
      .filter { query.matches($0.record) }
      .sorted { $0.serial < $1.serial }
      .map(\.record)
  }

  private func isLive(_ entry: RecordQueue.Entry) -> Bool { slots[entry.messageID]?.serial == entry.serial }

  private func remove(_ messageID: String) {
    guard let slot = slots.removeValue(forKey: messageID) else { return }
    bufferBytes -= slot.record.bufferBytes
    arrivals.sweep(liveCount: slots.count, where: isLive)
    completions.sweep(liveCount: slots.count, where: isLive)
  }

  private func cull() {
    if slots.count > recordLimit {
      for _ in 0..<max(1, Int(cullFraction * Double(recordLimit))) { removeOldest() }
    }
    if bufferBytes > sizeLimit {
      let target = Double(sizeLimit) * (1 - cullFraction)
      while Double(bufferBytes) > target { removeOldest() }
    }
  }

  private func removeOldest() {
    guard let entry = completions.popFirst(where: isLive) ?? arrivals.popFirst(where: isLive) else { return }
    remove(entry.messageID)
  }
}
