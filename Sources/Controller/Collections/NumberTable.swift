/// Values by number, for numbers that nobody from outside chooses: they need no keyed hash.
///
/// Every operation takes constant time on average. Memory follows the number of values.
struct NumberTable<Value> {
  /// The position of a value, valid until it is removed.
  typealias Slot = Handle<Value>

  fileprivate struct Entry {
    var number: UInt64 = 0
    var value: Value
  }

  private var entries: Slab<Value, Entry>
  private var index = IdentifierTable<Value>()

  /// An empty table.
  ///
  /// - Parameter vacant: the value that replaces a removed one.
  init(vacant: Value) { entries = Slab(vacant: Entry(value: vacant)) }

  /// The number of values.
  var count: Int { entries.count }

  /// The slot of a number, if it has a value.
  func find(_ number: UInt64) -> Slot? {
    index.find(hash: Self.hash(number)) { entries[$0].number == number }
  }

  subscript(slot: Slot) -> Value {
    @inline(__always) get { entries[slot].value }
    @inline(__always) _modify { yield &entries[slot].value }
  }

  /// The value of a number; as with a dictionary, `nil` if there is none, and assigning `nil` removes it.
  subscript(number: UInt64) -> Value? {
    get { find(number).map { self[$0] } }
    set {
      switch (find(number), newValue) {
      case (let slot?, let value?): self[slot] = value
      case (nil, let value?): insert(value, for: number)
      case (let slot?, nil): remove(slot)
      case (nil, nil): break
      }
    }
  }

  /// Adds the value of a number that has none.
  @discardableResult
  mutating func insert(_ value: Value, for number: UInt64) -> Slot {
    let slot = entries.insert(Entry(number: number, value: value))
    index.insert(hash: Self.hash(number), slot)
    return slot
  }

  mutating func remove(_ slot: Slot) {
    index.remove(hash: Self.hash(entries[slot].number), slot)
    entries.remove(slot)
  }

  /// Calls a closure with each number and its value.
  func visit(_ body: (UInt64, Value) -> Void) { entries.visit { body($1.number, $1.value) } }

  private static func hash(_ number: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: (number &* 0x9E37_79B9_7F4A_7C15) >> 32)
  }
}

extension NumberTable.Entry: Sendable where Value: Sendable {}
extension NumberTable: Sendable where Value: Sendable {}
