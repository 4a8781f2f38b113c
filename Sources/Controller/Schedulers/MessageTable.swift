/// Values by message id in slots that stay where they are, with lists threaded through them.
///
/// An id is hashed when it is looked up or comes in, and never to remove it or to move it between lists; a value is in
/// one list at most. Everything takes constant time on average.
struct MessageTable<Value> {
  private struct Entry {
    var id: String
    var hash: UInt32
    var previous: Int32 = -1
    var next: Int32 = -1
    var value: Value
  }

  private var entries: [Entry] = []
  private var freeSlots: [Int32] = []
  private var index = IdentifierTable()
  private let vacant: Value

  /// - Parameter vacant: what stands in slots that hold nothing.
  init(vacant: Value) { self.vacant = vacant }

  /// How many values there are.
  var count: Int { index.count }

  subscript(slot: Int32) -> Value {
    _read { yield entries[Int(slot)].value }
    _modify { yield &entries[Int(slot)].value }
  }

  /// The id of the value in a slot.
  func id(of slot: Int32) -> String { entries[Int(slot)].id }

  func find(_ id: String) -> Int32? { find(id, hash: IdentifierTable.hash(id)) }

  /// The slot of an id, taken now if it has none.
  mutating func slot(of id: String) -> (slot: Int32, isNew: Bool) {
    let hash = IdentifierTable.hash(id)
    if let known = find(id, hash: hash) { return (known, false) }
    let slot: Int32
    if let free = freeSlots.popLast() {
      slot = free
      entries[Int(slot)].id = id
      entries[Int(slot)].hash = hash
    } else {
      slot = Int32(entries.count)
      entries.append(Entry(id: id, hash: hash, value: vacant))
    }
    index.insert(hash: hash, slot: slot)
    return (slot, true)
  }

  /// Frees a slot that is in no list.
  mutating func remove(_ slot: Int32) {
    index.remove(hash: entries[Int(slot)].hash, slot: slot)
    entries[Int(slot)].id = ""
    entries[Int(slot)].value = vacant
    freeSlots.append(slot)
  }

  mutating func append(_ slot: Int32, to list: inout TaskList) {
    entries[Int(slot)].previous = list.tail
    entries[Int(slot)].next = -1
    if list.tail >= 0 { entries[Int(list.tail)].next = slot } else { list.head = slot }
    list.tail = slot
    list.count += 1
  }

  mutating func unlink(_ slot: Int32, from list: inout TaskList) {
    let previous = entries[Int(slot)].previous
    let next = entries[Int(slot)].next
    if previous >= 0 { entries[Int(previous)].next = next } else { list.head = next }
    if next >= 0 { entries[Int(next)].previous = previous } else { list.tail = previous }
    list.count -= 1
  }

  /// The slots in a list, in order.
  func slots(in list: TaskList) -> [Int32] {
    var slots: [Int32] = []
    slots.reserveCapacity(list.count)
    var slot = list.head
    while slot >= 0 {
      slots.append(slot)
      slot = entries[Int(slot)].next
    }
    return slots
  }

  /// The ids in a list, in order.
  func ids(in list: TaskList) -> [String] { slots(in: list).map { id(of: $0) } }

  private func find(_ id: String, hash: UInt32) -> Int32? {
    index.find(hash: hash) { entries[Int($0)].id == id }
  }
}
