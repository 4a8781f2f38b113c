/// Values by number, for numbers that are given in order, and of which neighbours are looked up one after the other.
///
/// A page has the places of 64 neighbours, so most look-ups find what they need in the cache. Every operation takes
/// constant time on average. Memory follows the number of values; a value without neighbours takes some 350 bytes more.
struct NumberTable<Value> {
  /// The position of a value, valid until it is removed.
  typealias Slot = Handle<Value>

  fileprivate struct Entry {
    var number: UInt64 = 0
    var value: Value
  }

  fileprivate struct Page {
    /// That of its first value, shifted by ``Page/bits``.
    var number: UInt64 = 0
    /// One bit per place, set if there is a value.
    var taken: UInt64 = 0
    var slots = ContiguousArray<Slot>()

    static var bits: UInt64 { 6 }
    static var size: Int { 1 << bits }

    /// Where a number is in its page.
    static func place(of number: UInt64) -> Int { Int(truncatingIfNeeded: number) & (size - 1) }

    func slot(at place: Int) -> Slot? { taken & 1 << place == 0 ? nil : slots[place] }
  }

  private var entries: Slab<Value, Entry>
  private var pages = Slab<Page, Page>(vacant: Page())
  private var index = IdentifierTable<Page>()

  /// An empty table.
  ///
  /// - Parameter vacant: the value that replaces a removed one.
  init(vacant: Value) { entries = Slab(vacant: Entry(value: vacant)) }

  /// The number of values.
  var count: Int { entries.count }

  /// The slot of a number, if it has a value.
  func find(_ number: UInt64) -> Slot? { page(of: number).flatMap { pages[$0].slot(at: Page.place(of: number)) } }

  /// The number of a value.
  func number(of slot: Slot) -> UInt64 { entries[slot].number }

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
    let page = page(of: number) ?? addPage(of: number, slot)
    let place = Page.place(of: number)
    pages[page].slots[place] = slot
    pages[page].taken |= 1 << place
    return slot
  }

  mutating func remove(_ slot: Slot) {
    let number = entries[slot].number
    entries.remove(slot)
    guard let page = page(of: number) else { return }
    pages[page].taken &= ~(1 << Page.place(of: number))
    guard pages[page].taken == 0 else { return }
    index.remove(hash: Self.hash(number >> Page.bits), page)
    pages.remove(page)
  }

  /// Calls a closure with each number and its value.
  func visit(_ body: (UInt64, Value) -> Void) { entries.visit { body($1.number, $1.value) } }

  // MARK: - Pages

  private func page(of number: UInt64) -> Handle<Page>? {
    let number = number >> Page.bits
    return index.find(hash: Self.hash(number)) { pages[$0].number == number }
  }

  /// Adds the page of a number, with any slot at all places.
  private mutating func addPage(of number: UInt64, _ slot: Slot) -> Handle<Page> {
    let number = number >> Page.bits
    let page = pages.insert(Page(number: number, slots: .init(repeating: slot, count: Page.size)))
    index.insert(hash: Self.hash(number), page)
    return page
  }

  private static func hash(_ number: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: (number &* 0x9E37_79B9_7F4A_7C15) >> 32)
  }
}

extension NumberTable.Entry: Sendable where Value: Sendable {}
extension NumberTable.Page: Sendable where Value: Sendable {}
extension NumberTable: Sendable where Value: Sendable {}
