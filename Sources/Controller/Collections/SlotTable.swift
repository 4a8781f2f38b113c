/// What a slot of a ``SlotTable`` holds.
protocol SlotRecord {
  var id: String { get set }
  /// The id's hash in an ``IdentifierTable``.
  var hash: UInt32 { get }
  var links: ListLinks { get set }
}

/// Records in slots that stay where they are, found by id, and the lists threaded through them.
///
/// An id is hashed when it is looked up or comes in, and never to remove it or to move it between lists.
struct SlotTable<Record: SlotRecord> {
  private var records: [Record] = []
  private var freeSlots: [Int32] = []
  private var index = IdentifierTable()

  /// How many slots are taken.
  var count: Int { index.count }

  subscript(slot: Int32) -> Record {
    _read { yield records[Int(slot)] }
    _modify { yield &records[Int(slot)] }
  }

  func find(_ id: String, hash: UInt32) -> Int32? {
    index.find(hash: hash) { records[Int($0)].id == id }
  }

  mutating func insert(_ record: consuming Record) -> Int32 {
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

  /// Frees a slot that is in no list; what its record refers to stays until the slot is taken again.
  mutating func remove(_ slot: Int32) {
    index.remove(hash: records[Int(slot)].hash, slot: slot)
    records[Int(slot)].id = ""
    freeSlots.append(slot)
  }

  mutating func append(_ slot: Int32, to list: inout TaskList) {
    list.append(slot) { $1(&records[Int($0)].links) }
  }

  mutating func prepend(_ slot: Int32, to list: inout TaskList) {
    list.prepend(slot) { $1(&records[Int($0)].links) }
  }

  mutating func unlink(_ slot: Int32, from list: inout TaskList) {
    list.unlink(records[Int(slot)].links) { $1(&records[Int($0)].links) }
  }
}

extension SlotTable: Sendable where Record: Sendable {}
