/// All known tasks by slot and by id, and the lists threaded through them.
struct TaskTable<Payload> {
  private var records: [ScheduledTask<Payload>] = []
  private var freeSlots: [Int32] = []
  private var index = IdentifierTable()

  /// How many tasks, finished ones included, are known.
  var count: Int { index.count }

  subscript(slot: Int32) -> ScheduledTask<Payload> {
    _read { yield records[Int(slot)] }
    _modify { yield &records[Int(slot)] }
  }

  func find(_ id: String, hash: UInt32) -> Int32? {
    index.find(hash: hash) { records[Int($0)].id == id }
  }

  mutating func insert(_ record: consuming ScheduledTask<Payload>) -> Int32 {
    let hash = record.hash
    let slot: Int32
    if let free = freeSlots.popLast() {
      slot = free
      records[Int(slot)] = record
    } else {
      slot = Int32(records.count)
      records.append(record)
    }
    index.insert(hash: hash, slot: slot)
    return slot
  }

  mutating func remove(_ slot: Int32) {
    index.remove(hash: records[Int(slot)].hash, slot: slot)
    records[Int(slot)].phase = .free
    records[Int(slot)].id = ""
    freeSlots.append(slot)
  }

  mutating func append(_ slot: Int32, to list: inout TaskList) {
    records[Int(slot)].previous = list.tail
    records[Int(slot)].next = -1
    if list.tail >= 0 { records[Int(list.tail)].next = slot } else { list.head = slot }
    list.tail = slot
    list.count += 1
  }

  mutating func unlink(_ slot: Int32, from list: inout TaskList) {
    let previous = records[Int(slot)].previous
    let next = records[Int(slot)].next
    if previous >= 0 { records[Int(previous)].next = next } else { list.head = next }
    if next >= 0 { records[Int(next)].previous = previous } else { list.tail = previous }
    list.count -= 1
  }

  mutating func appendToClient(_ slot: Int32, list: inout TaskList) {
    records[Int(slot)].clientPrevious = list.tail
    records[Int(slot)].clientNext = -1
    if list.tail >= 0 { records[Int(list.tail)].clientNext = slot } else { list.head = slot }
    list.tail = slot
    list.count += 1
  }

  mutating func unlinkFromClient(_ slot: Int32, list: inout TaskList) {
    let previous = records[Int(slot)].clientPrevious
    let next = records[Int(slot)].clientNext
    if previous >= 0 { records[Int(previous)].clientNext = next } else { list.head = next }
    if next >= 0 { records[Int(next)].clientPrevious = previous } else { list.tail = previous }
    list.count -= 1
  }
}

extension TaskTable: Sendable where Payload: Sendable {}
