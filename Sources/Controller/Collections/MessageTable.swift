/// Values by message id in slots that stay where they are, with lists threaded through them.
///
/// A value is in one list at most. Everything takes constant time on average.
struct MessageTable<Value> {
  private struct Entry: SlotRecord {
    var id: String
    let hash: UInt32
    var links = ListLinks()
    var value: Value
  }

  private var entries = SlotTable<Entry>()
  private let vacant: Value

  /// - Parameter vacant: what stands in slots that hold nothing.
  init(vacant: Value) { self.vacant = vacant }

  /// How many values there are.
  var count: Int { entries.count }

  subscript(slot: Int32) -> Value {
    _read { yield entries[slot].value }
    _modify { yield &entries[slot].value }
  }

  /// The id of the value in a slot.
  func id(of slot: Int32) -> String { entries[slot].id }

  func find(_ id: String) -> Int32? { entries.find(id, hash: IdentifierTable.hash(id)) }

  /// The slot of an id, taken now if it has none.
  mutating func slot(of id: String) -> (slot: Int32, isNew: Bool) {
    let hash = IdentifierTable.hash(id)
    if let known = entries.find(id, hash: hash) { return (known, false) }
    return (entries.insert(Entry(id: id, hash: hash, value: vacant)), true)
  }

  /// Frees a slot that is in no list.
  mutating func remove(_ slot: Int32) {
    entries.remove(slot)
    entries[slot].value = vacant
  }

  mutating func append(_ slot: Int32, to list: inout TaskList) { entries.append(slot, to: &list) }

  mutating func unlink(_ slot: Int32, from list: inout TaskList) { entries.unlink(slot, from: &list) }

  /// The slots in a list, in order.
  func slots(in list: TaskList) -> [Int32] {
    var slots: [Int32] = []
    slots.reserveCapacity(list.count)
    var slot = list.head
    while slot >= 0 {
      slots.append(slot)
      slot = entries[slot].links.next
    }
    return slots
  }

  /// The ids in a list, in order.
  func ids(in list: TaskList) -> [String] { slots(in: list).map { id(of: $0) } }
}
