import MartletZeroMQ

/// The stack machine that runs a pickle as its program, in one loop without recursion. Every value carries its size when
/// written out in full, so a pickle can't use sharing to build something larger than the limits.
struct PickleMachine {
  /// A value on the stack or in the memo.
  struct Entry {
    var value: PickleValue
    /// The number of values in this one, itself included; shared ones count each time.
    var nodes = 1
    /// The number of bytes in this value, counted the same way.
    var bytes = 32
    /// The nesting depth of containers.
    var depth = 0
    /// The memo slot of this entry while it is on the stack; -1 if none.
    var memo = -1
    /// Whether there is a second reference, after which the value must not change.
    var isShared = false

    var isMutable: Bool {
      switch value {
      case .list, .dict, .set, .record: true
      default: false
      }
    }
  }

  /// The content of a memo slot.
  enum Slot {
    case empty
    /// A finished value.
    case value(Entry)
    /// A container on the stack that may still be filled.
    case live(Int)
    /// The same object as another slot.
    case alias(Int)
  }

  let input: Bytes
  let buffers: [Bytes]
  let limits: PickleLimits

  /// The offset of the next byte to read.
  var position = 0
  /// The offset of the current opcode.
  var start = 0
  var stack: [Entry] = []
  /// The stack heights at the open marks.
  var marks: [Int] = []
  private var memo: [Slot] = []
  /// The slots whose numbers are out of sequence.
  private var farMemo: [Int: Slot] = [:]
  private var memoCount = 0
  var nextBuffer = 0
  /// The number of bytes converted so far, which a pickle may request repeatedly.
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

  /// Counts work that is not bounded by the size of the input.
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

  /// Removes the last mark and returns its height.
  mutating func popMark() throws(PickleError) -> Int {
    guard let mark = marks.popLast(), mark <= stack.count else { throw error(.malformed, "no mark") }
    return mark
  }

  /// Moves the final value of an entry that leaves the stack into its memo slot.
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

  /// Moves the entries above a height from the stack into one list and sums their sizes.
  mutating func gather(from height: Int, into items: inout [PickleValue], total: inout Entry) throws(PickleError) {
    // Only the first time: repeated exact reservations would copy the items each time.
    if items.isEmpty { items.reserveCapacity(stack.count - height) }
    // Sizes are read field by field and summed in local variables. Copying whole entries would double the time for a list.
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

  /// Stores the top of the stack in the next memo slot.
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

  /// A second reference to an entry on the stack. Neither may change after that, which rules out cycles: a container can
  /// contain itself only by changing after it was fetched from the memo.
  mutating func share(_ index: Int) -> Entry {
    stack[index].isShared = true
    var copy = stack[index]
    copy.memo = -1
    return copy
  }

  /// Checks that an entry may still change.
  func checkMutable(_ index: Int) throws(PickleError) {
    guard !stack[index].isShared else {
      throw error(.unsupported, "a structure that contains itself, or a shared one that changes, is not data")
    }
  }
}

extension PickleMachine.Entry {
  /// Adds the size of an entry that becomes part of this one.
  mutating func add(_ child: borrowing PickleMachine.Entry) {
    nodes += child.nodes
    bytes += child.bytes
    depth = max(depth, child.depth + 1)
  }
}
