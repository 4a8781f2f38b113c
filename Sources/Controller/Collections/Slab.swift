/// Records that keep their position, in chunks of 64 slots.
///
/// Inserting and removing take constant time. A chunk's memory is released when its last record is removed, except for
/// one chunk kept in reserve, so memory follows the number of records even if a few of them stay for a long time.
struct Slab<Tag, Element> {
  fileprivate enum ChunkTag {}

  fileprivate struct Chunk {
    /// Grows up to 64 slots; empty if the chunk's memory is released.
    var records = ContiguousArray<Element>()
    /// One bit per slot, set if the slot is free. Slots beyond the end of `records` are free.
    var free = UInt64.max
    /// Neighbours among the chunks with free slots.
    var links = ListLinks<ChunkTag>()

    var isReleased: Bool { records.isEmpty }
  }

  private var chunks = ContiguousArray<Chunk>()
  /// The chunks with free slots; released ones come last.
  private var open = HandleList<ChunkTag>()
  /// An empty chunk that keeps its memory.
  private var reserve: Int?
  private let vacant: Element
  /// The number of records.
  private(set) var count = 0

  /// An empty slab.
  ///
  /// - Parameter vacant: the value that replaces a removed record, so that what the record refers to is released.
  init(vacant: Element) { self.vacant = vacant }

  /// All handles have an index below this.
  var indexLimit: Int { chunks.count << 6 }

  /// The number of slots that memory is allocated for.
  var capacity: Int { chunks.reduce(0) { $0 + $1.records.capacity } }

  subscript(handle: Handle<Tag>) -> Element {
    @inline(__always) get {
      assert(contains(handle))
      return chunks[Int(handle.index) >> 6].records[Int(handle.index) & 63]
    }
    @inline(__always) _modify {
      assert(contains(handle))
      yield &chunks[Int(handle.index) >> 6].records[Int(handle.index) & 63]
    }
  }

  /// Whether there is a record at a handle, possibly a later one than the handle was made for.
  func contains(_ handle: Handle<Tag>) -> Bool {
    let chunk = Int(handle.index) >> 6
    return chunk < chunks.count && chunks[chunk].free & 1 << UInt64(handle.index & 63) == 0
  }

  mutating func insert(_ element: consuming Element) -> Handle<Tag> {
    let chunk = openChunk()
    // The lowest free slot is at most the end of the array.
    let slot = chunks[chunk].free.trailingZeroBitCount
    chunks[chunk].free &= chunks[chunk].free &- 1
    if slot == chunks[chunk].records.count {
      // The first chunk grows step by step: many slabs are small.
      if slot == 0, chunk > 0 { chunks[chunk].records.reserveCapacity(64) }
      chunks[chunk].records.append(consume element)
    } else {
      chunks[chunk].records[slot] = consume element
    }
    if chunks[chunk].free == 0 { close(chunk) }
    if reserve == chunk { reserve = nil }
    count += 1
    return Handle(index: Int32(chunk << 6 | slot))
  }

  mutating func remove(_ handle: Handle<Tag>) {
    assert(contains(handle))
    let chunk = Int(handle.index) >> 6
    let slot = Int(handle.index) & 63
    chunks[chunk].records[slot] = vacant
    if chunks[chunk].free == 0 { open.prepend(Self.handle(chunk)) { $1(&chunks[Int($0.index)].links) } }
    chunks[chunk].free |= 1 << UInt64(slot)
    count -= 1
    if chunks[chunk].free == .max { retire(chunk) }
  }

  /// Calls a closure with each record, by ascending index.
  func visit(_ body: (Handle<Tag>, Element) -> Void) {
    for chunk in chunks.indices {
      var used = ~chunks[chunk].free
      while used != 0 {
        let slot = used.trailingZeroBitCount
        used &= used &- 1
        body(Handle(index: Int32(chunk << 6 | slot)), chunks[chunk].records[slot])
      }
    }
  }

  // MARK: - Chunks

  private static func handle(_ chunk: Int) -> Handle<ChunkTag> { Handle(index: Int32(chunk)) }

  private mutating func openChunk() -> Int {
    if let chunk = open.first { return Int(chunk.index) }
    chunks.append(Chunk())
    open.append(Self.handle(chunks.count - 1)) { $1(&chunks[Int($0.index)].links) }
    return chunks.count - 1
  }

  private mutating func close(_ chunk: Int) {
    open.unlink(chunks[chunk].links) { $1(&chunks[Int($0.index)].links) }
  }

  /// Keeps an empty chunk in reserve, or releases it if there is one in reserve already; the lower one is kept.
  private mutating func retire(_ chunk: Int) {
    guard let kept = reserve else {
      reserve = chunk
      return
    }
    reserve = min(kept, chunk)
    let released = max(kept, chunk)
    close(released)
    chunks[released].records = []
    open.append(Self.handle(released)) { $1(&chunks[Int($0.index)].links) }
    while let last = chunks.last, last.isReleased {
      close(chunks.count - 1)
      chunks.removeLast()
    }
    if chunks.capacity > 64, chunks.count * 4 < chunks.capacity {
      var smaller = ContiguousArray<Chunk>()
      smaller.reserveCapacity(chunks.count * 2)
      smaller.append(contentsOf: chunks)
      chunks = smaller
    }
  }
}

extension Slab.Chunk: Sendable where Element: Sendable {}
extension Slab: Sendable where Element: Sendable {}

extension Slab where Element: ListElement<Tag> {
  mutating func append(_ handle: Handle<Tag>, to list: inout HandleList<Tag>) {
    list.append(handle) { $1(&self[$0].links) }
  }

  mutating func prepend(_ handle: Handle<Tag>, to list: inout HandleList<Tag>) {
    list.prepend(handle) { $1(&self[$0].links) }
  }

  mutating func unlink(_ handle: Handle<Tag>, from list: inout HandleList<Tag>) {
    list.unlink(self[handle].links) { $1(&self[$0].links) }
  }

  /// The handles in a list, in order.
  func handles(in list: HandleList<Tag>) -> [Handle<Tag>] {
    var handles: [Handle<Tag>] = []
    handles.reserveCapacity(list.count)
    var next = list.first
    while let handle = next {
      handles.append(handle)
      next = self[handle].links.next
    }
    return handles
  }
}
