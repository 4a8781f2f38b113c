/// Values by message id that keep their position, with lists threaded through them.
///
/// A value is in at most one list. Every operation takes constant time on average. Memory follows the number of values.
struct MessageTable<Value> {
  /// The position of a value, valid until it is removed.
  typealias Slot = Handle<Value>
  /// A list of values.
  typealias List = HandleList<Value>

  private struct Entry: DirectoryRecord, ListElement {
    typealias Tag = Value

    let id: String
    let hash: UInt32
    var links = ListLinks<Value>()
    var value: Value
  }

  private var entries: Directory<Entry>
  private let vacant: Value

  /// An empty table.
  ///
  /// - Parameter vacant: what a new slot holds.
  init(vacant: Value) {
    self.vacant = vacant
    entries = Directory(vacant: Entry(id: "", hash: 0, value: vacant))
  }

  /// The number of values.
  var count: Int { entries.count }

  /// The number of values that memory is allocated for.
  var capacity: Int { entries.capacity }

  subscript(slot: Slot) -> Value {
    _read { yield entries[slot].value }
    _modify { yield &entries[slot].value }
  }

  /// The id of the value in a slot.
  func id(of slot: Slot) -> String { entries[slot].id }

  /// The slot of an id, if it has one.
  func find(_ id: String) -> Slot? { entries.find(id) }

  /// The slot of an id; a new one if it has none.
  mutating func slot(of id: String) -> (slot: Slot, isNew: Bool) {
    let hash = id.identifierHash
    if let known = entries.find(id, hash: hash) { return (known, false) }
    return (entries.insert(Entry(id: id, hash: hash, value: vacant)), true)
  }

  /// Removes a value that is in no list.
  mutating func remove(_ slot: Slot) { entries.remove(slot) }

  /// Adds a value at the end of a list.
  mutating func append(_ slot: Slot, to list: inout List) { entries.append(slot, to: &list) }

  /// Removes a value from the list it is in.
  mutating func unlink(_ slot: Slot, from list: inout List) { entries.unlink(slot, from: &list) }

  /// The slots in a list, in order.
  func slots(in list: List) -> [Slot] { entries.handles(in: list) }

  /// The ids in a list, in order.
  func ids(in list: List) -> [String] { slots(in: list).map { id(of: $0) } }
}
