import ZeroMQ

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
    pairs.reserveCapacity(pairs.count + items.count / 2)
    for index in stride(from: 0, to: items.count, by: 2) {
      pairs.append(PickleDict.Pair(key: items[index], value: items[index + 1]))
    }
  }

  /// The index of the container below a height, after a check that it may be changed.
  private func container(below height: Int) throws(PickleError) -> Int {
    try checkHeight(height)
    guard height > (marks.last ?? 0) else { throw error(.malformed, "no container to fill") }
    try checkMutable(height - 1)
    return height - 1
  }

  /// Takes the value out of an entry, so that changing it does not copy it; whoever takes it puts it back.
  private mutating func take(_ index: Int) -> PickleValue {
    let value = stack[index].value
    stack[index].value = .none
    return value
  }

  mutating func append(from height: Int) throws(PickleError) {
    let index = try container(below: height)
    var total = stack[index]
    total.value = .none
    switch take(index) {
    case .list(var items):
      try gather(from: height, into: &items, total: &total)
      stack[index].value = .list(items)
    case .record(var record):
      var items = record.items
      record.items = []
      try gather(from: height, into: &items, total: &total)
      record.items = items
      stack[index].value = .record(record)
    case let other: throw error(.malformed, "cannot append to a \(other.typeName)")
    }
    resize(index, total)
  }

  mutating func addItems(from height: Int) throws(PickleError) {
    let index = try container(below: height)
    var total = stack[index]
    total.value = .none
    guard case .set(var set) = take(index) else { throw error(.malformed, "items are added to no set") }
    try gather(from: height, into: &set.elements, total: &total)
    stack[index].value = .set(set)
    resize(index, total)
  }

  mutating func setItems(from height: Int) throws(PickleError) {
    let index = try container(below: height)
    var total = stack[index]
    total.value = .none
    var items: [PickleValue] = []
    try gather(from: height, into: &items, total: &total)
    switch take(index) {
    case .dict(var dict):
      try pair(items, into: &dict.pairs)
      stack[index].value = .dict(dict)
    case .record(var record):
      var pairs = record.entries.pairs
      record.entries.pairs = []
      try pair(items, into: &pairs)
      record.entries.pairs = pairs
      stack[index].value = .record(record)
    case let other: throw error(.malformed, "cannot set items of a \(other.typeName)")
    }
    resize(index, total)
  }

  private mutating func resize(_ index: Int, _ total: Entry) {
    stack[index].nodes = total.nodes
    stack[index].bytes = total.bytes
    stack[index].depth = total.depth
  }
}
