import MartletZeroMQ

/// The stack machine a pickle is a program for. One loop, no recursion; every value carries the size it would have written
/// out in full, so that sharing cannot be used to build something larger than the limits.
struct PickleMachine {
  /// A value on the stack or in the memo.
  struct Entry {
    var value: PickleValue
    /// Values in it, counting shared ones each time; itself included.
    var nodes = 1
    /// Bytes in it, counted the same way.
    var bytes = 32
    /// Containers on the longest way down.
    var depth = 0
    /// The memo slot that stands for this entry while it is on the stack, -1 if none.
    var memo = -1
    /// Whether a second reference exists, after which the value must not change any more.
    var isShared = false

    var isMutable: Bool {
      switch value {
      case .list, .dict, .set, .record: true
      default: false
      }
    }
  }

  /// What a memo slot holds.
  enum Slot {
    case empty
    /// A finished value.
    case value(Entry)
    /// A container still on the stack, perhaps still being filled.
    case live(Int)
    /// The same object as another slot.
    case alias(Int)
  }

  let input: Bytes
  let buffers: [Bytes]
  let limits: PickleLimits

  /// The offset of the next byte to read.
  var position = 0
  /// The offset of the opcode in hand.
  var start = 0
  var stack: [Entry] = []
  /// Stack heights at open marks.
  var marks: [Int] = []
  private var memo: [Slot] = []
  /// Slots numbered out of sequence.
  private var farMemo: [Int: Slot] = [:]
  private var memoCount = 0
  var nextBuffer = 0
  /// Bytes converted so far, which a pickle may ask for again and again.
  private var converted = 0

  init(input: Bytes, buffers: [Bytes], limits: PickleLimits) {
    self.input = input
    self.buffers = buffers
    self.limits = limits
    stack.reserveCapacity(8)
  }

  func error(_ code: PickleError.Code, _ message: String) -> PickleError { PickleError(code, at: start, message) }

  // MARK: Stack

  mutating func push(_ value: PickleValue, payload: Int = 0) throws(PickleError) {
    guard stack.count < limits.values, payload <= limits.bytes else {
      throw error(.limit, "more than \(limits.values) values or \(limits.bytes) bytes")
    }
    stack.append(Entry(value: value, bytes: 32 + payload))
  }

  mutating func push(_ entry: Entry) throws(PickleError) {
    guard stack.count < limits.values else { throw error(.limit, "more than \(limits.values) values") }
    try check(nodes: entry.nodes, bytes: entry.bytes, depth: entry.depth)
    stack.append(entry)
  }

  func check(nodes: Int, bytes: Int, depth: Int) throws(PickleError) {
    guard nodes <= limits.values else { throw error(.limit, "more than \(limits.values) values") }
    guard bytes <= limits.bytes else { throw error(.limit, "more than \(limits.bytes) bytes") }
    guard depth <= limits.depth else { throw error(.limit, "nested more than \(limits.depth) deep") }
  }

  /// Counts work that does not grow with the input.
  mutating func charge(_ bytes: Int) throws(PickleError) {
    converted += bytes
    guard converted <= limits.bytes else { throw error(.limit, "conversions of more than \(limits.bytes) bytes") }
  }

  mutating func pop() throws(PickleError) -> Entry {
    guard stack.count > (marks.last ?? 0), var entry = stack.popLast() else {
      throw error(.malformed, "the stack is empty")
    }
    settle(&entry, height: stack.count)
    return entry
  }

  /// The index of the top of the stack.
  func top() throws(PickleError) -> Int {
    guard stack.count > (marks.last ?? 0) else { throw error(.malformed, "the stack is empty") }
    return stack.count - 1
  }

  /// The height at the last mark, which is taken off.
  mutating func popMark() throws(PickleError) -> Int {
    guard let mark = marks.popLast(), mark <= stack.count else { throw error(.malformed, "no mark") }
    return mark
  }

  /// Moves what an entry that leaves the stack became into its memo slot.
  private mutating func settle(_ entry: inout Entry, height: Int) {
    guard entry.memo >= 0 else { return }
    let slot = entry.memo
    entry.memo = -1
    if case .live(height) = self[slot] {
      var kept = entry
      kept.isShared = true
      self[slot] = .value(kept)
    }
  }

  /// Takes the entries above a height off the stack into one list, with the sum of their sizes.
  mutating func gather(from height: Int, into items: inout [PickleValue], total: inout Entry) throws(PickleError) {
    // Only the first time: exact reservations again and again would copy the items each time.
    if items.isEmpty { items.reserveCapacity(stack.count - height) }
    // Sizes are summed in locals and read field by field: to copy whole entries would double the time of a list.
    var (nodes, bytes, depth) = (total.nodes, total.bytes, total.depth)
    for index in height..<stack.count {
      if stack[index].memo >= 0 {
        var entry = stack[index]
        settle(&entry, height: index)
      }
      nodes += stack[index].nodes
      bytes += stack[index].bytes
      depth = max(depth, stack[index].depth + 1)
      if nodes > limits.values || bytes > limits.bytes { break }
      items.append(stack[index].value)
    }
    try check(nodes: nodes, bytes: bytes, depth: depth)
    (total.nodes, total.bytes, total.depth) = (nodes, bytes, depth)
    stack.removeSubrange(height...)
  }

  // MARK: Memo

  private subscript(slot: Int) -> Slot {
    get {
      if slot < memo.count { return memo[slot] }
      return farMemo[slot] ?? .empty
    }
    set {
      if slot < memo.count {
        memo[slot] = newValue
      } else if slot == memo.count {
        memo.append(newValue)
      } else {
        farMemo[slot] = newValue
      }
    }
  }

  /// Remembers the top of the stack under the next number.
  mutating func memoize() throws(PickleError) { try put(memoCount) }

  mutating func put(_ slot: Int) throws(PickleError) {
    let index = try top()
    guard slot >= 0, memoCount < limits.values else { throw error(.malformed, "memo index \(slot)") }
    if case .empty = self[slot] { memoCount += 1 }
    if !stack[index].isMutable || stack[index].isShared {
      self[slot] = .value(stack[index])
    } else if stack[index].memo >= 0 {
      if stack[index].memo != slot { self[slot] = .alias(stack[index].memo) }
    } else {
      stack[index].memo = slot
      self[slot] = .live(index)
    }
  }

  mutating func get(_ slot: Int) throws(PickleError) {
    guard slot >= 0 else { throw error(.malformed, "memo index \(slot)") }
    var found = self[slot]
    if case .alias(let other) = found { found = self[other] }
    switch found {
    case .value(let entry): try push(entry)
    case .live(let index):
      guard index < stack.count else { throw error(.malformed, "memo index \(slot) is gone") }
      try push(share(index))
    case .empty, .alias: throw error(.malformed, "memo index \(slot) was never set")
    }
  }

  /// A second reference to an entry of the stack; neither may change any more, which is what finds every cycle: a container
  /// can only come to hold itself by changing after it was fetched from the memo.
  mutating func share(_ index: Int) -> Entry {
    stack[index].isShared = true
    var copy = stack[index]
    copy.memo = -1
    return copy
  }

  /// Checks that an entry may still be changed.
  func checkMutable(_ index: Int) throws(PickleError) {
    guard !stack[index].isShared else {
      throw error(.unsupported, "a structure that contains itself, or a shared one that changes, is not data")
    }
  }
}

extension PickleMachine.Entry {
  /// Adds the size of an entry that this one comes to hold.
  mutating func add(_ child: borrowing PickleMachine.Entry) {
    nodes += child.nodes
    bytes += child.bytes
    depth = max(depth, child.depth + 1)
  }
}
