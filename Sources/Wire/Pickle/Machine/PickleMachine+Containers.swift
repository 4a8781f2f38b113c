import MartletZeroMQ

extension PickleMachine {
  /// Checks that the entries from a height up to the top belong to the innermost mark.
  private func checkHeight(_ height: Int) throws(PickleError) {
    guard height >= (marks.last ?? 0), height <= stack.count else { throw error(.malformed, "the stack is too short") }
  }

  mutating func discard(from height: Int) throws(PickleError) {
    var items: [PickleValue] = []
    var total = Entry(value: .none)
    try gather(from: height, into: &items, total: &total)
  }

  mutating func pushTuple(from height: Int) throws(PickleError) {
    try checkHeight(height)
    try pushSequence(from: height) { .tuple($0) }
  }

  mutating func pushSequence(from height: Int, _ make: ([PickleValue]) -> PickleValue) throws(PickleError) {
    var items: [PickleValue] = []
    var entry = Entry(value: .none)
    try gather(from: height, into: &items, total: &entry)
    entry.value = make(items)
    try push(entry)
  }

  mutating func pushDict(from height: Int) throws(PickleError) {
    var items: [PickleValue] = []
    var entry = Entry(value: .none)
    try gather(from: height, into: &items, total: &entry)
    var pairs: [PickleDict.Pair] = []
    try pair(items, into: &pairs)
    entry.value = .dict(PickleDict(pairs))
    try push(entry)
  }

  private func pair(_ items: [PickleValue], into pairs: inout [PickleDict.Pair]) throws(PickleError) {
    guard items.count.isMultiple(of: 2) else { throw error(.malformed, "a key without a value") }
    if pairs.isEmpty { pairs.reserveCapacity(items.count / 2) }
    for index in stride(from: 0, to: items.count, by: 2) {
      pairs.append(PickleDict.Pair(key: items[index], value: items[index + 1]))
    }
  }

  /// The index of the container below a height, which must be allowed to change.
  private func container(below height: Int) throws(PickleError) -> Int {
    try checkHeight(height)
    guard height > (marks.last ?? 0) else { throw error(.malformed, "no container to fill") }
    try checkMutable(height - 1)
    return height - 1
  }

  // A container's content is taken out of its entry to be changed, and put back afterwards. If the entry still referred to
  // it, every change would copy it. These functions end the lifetime of the enum's own reference before the change.

  private mutating func takeList(_ index: Int) -> [PickleValue]? {
    guard case .list(let items) = stack[index].value else { return nil }
    stack[index].value = .none
    return items
  }

  private mutating func takeSet(_ index: Int) -> PickleSet? {
    guard case .set(let set) = stack[index].value else { return nil }
    stack[index].value = .none
    return set
  }

  private mutating func takeDict(_ index: Int) -> PickleDict? {
    guard case .dict(let dict) = stack[index].value else { return nil }
    stack[index].value = .none
    return dict
  }

  private mutating func takeRecord(_ index: Int) -> PickleRecord? {
    guard case .record(let record) = stack[index].value else { return nil }
    stack[index].value = .none
    return record
  }

  mutating func append(from height: Int) throws(PickleError) {
    let index = try container(below: height)
    var total = sizes(index)
    if var items = takeList(index) {
      try gather(from: height, into: &items, total: &total)
      stack[index].value = .list(items)
    } else if var record = takeRecord(index) {
      try gather(from: height, into: &record.items, total: &total)
      stack[index].value = .record(record)
    } else {
      throw error(.malformed, "cannot append to a \(stack[index].value.typeName)")
    }
    resize(index, total)
  }

  mutating func addItems(from height: Int) throws(PickleError) {
    let index = try container(below: height)
    var total = sizes(index)
    guard var set = takeSet(index) else { throw error(.malformed, "items are added to no set") }
    try gather(from: height, into: &set.elements, total: &total)
    stack[index].value = .set(set)
    resize(index, total)
  }

  mutating func setItems(from height: Int) throws(PickleError) {
    let index = try container(below: height)
    var total = sizes(index)
    var items: [PickleValue] = []
    try gather(from: height, into: &items, total: &total)
    if var dict = takeDict(index) {
      try pair(items, into: &dict.pairs)
      stack[index].value = .dict(dict)
    } else if var record = takeRecord(index) {
      try pair(items, into: &record.entries.pairs)
      stack[index].value = .record(record)
    } else {
      throw error(.malformed, "cannot set items of a \(stack[index].value.typeName)")
    }
    resize(index, total)
  }

  private func sizes(_ index: Int) -> Entry {
    Entry(value: .none, nodes: stack[index].nodes, bytes: stack[index].bytes, depth: stack[index].depth)
  }

  private mutating func resize(_ index: Int, _ total: Entry) {
    stack[index].nodes = total.nodes
    stack[index].bytes = total.bytes
    stack[index].depth = total.depth
  }
}
