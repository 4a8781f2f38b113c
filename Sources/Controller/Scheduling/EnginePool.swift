import HeapModule

/// The engines that can take a task now, and the choice among them.
///
/// A dense array with known positions; for the ordered schemes it is a binary heap by load and last use. "Least
/// recently used" is the order of a list to whose front engines are added and to whose end each dispatch moves them.
struct EnginePool {
  let scheme: SchedulingScheme
  private var slots: [Int32] = []
  private var positions: [Int32] = []
  private var loads: [Int32] = []
  private var stamps: [Int] = []
  private var weights = WeightTree()
  private var lastUse = 0
  private var firstUse = 0

  private var generator: SplitMix64

  init(scheme: SchedulingScheme, generator: SplitMix64) {
    self.scheme = scheme
    self.generator = generator
  }

  var isEmpty: Bool { slots.isEmpty }
  var count: Int { slots.count }

  func contains(_ slot: Int32) -> Bool { positions[Int(slot)] >= 0 }
  func load(of slot: Int32) -> Int { Int(loads[Int(slot)]) }

  /// Adds an idle engine at the head of the line; it can take tasks after ``update(_:available:)``.
  mutating func register(_ slot: Int32) {
    while positions.count <= Int(slot) {
      positions.append(-1)
      loads.append(0)
      stamps.append(0)
    }
    firstUse -= 1
    stamps[Int(slot)] = firstUse
    loads[Int(slot)] = 0
  }

  /// Counts a task sent to the engine and moves it to the end of the line.
  mutating func used(_ slot: Int32) {
    lastUse += 1
    stamps[Int(slot)] = lastUse
    loads[Int(slot)] += 1
  }

  /// Counts a task answered by the engine.
  mutating func finished(_ slot: Int32) {
    loads[Int(slot)] -= 1
  }

  /// Enters, leaves or moves the engine according to its load, after any number of changes to it.
  mutating func update(_ slot: Int32, available: Bool) {
    let position = Int(positions[Int(slot)])
    switch (position >= 0, available) {
    case (false, false): return
    case (false, true):
      positions[Int(slot)] = Int32(slots.count)
      slots.append(slot)
      siftUp(slots.count - 1)
    case (true, false):
      let last = slots.removeLast()
      positions[Int(slot)] = -1
      if last != slot {
        slots[position] = last
        positions[Int(last)] = Int32(position)
        siftUp(position)
        siftDown(Int(positions[Int(last)]))
      }
    case (true, true):
      siftUp(position)
      siftDown(Int(positions[Int(slot)]))
    }
    if scheme == .weighted { weights.set(available ? weight(slot) : 0, at: Int(slot)) }
  }

  /// Chooses among all available engines.
  mutating func pick() -> Int32? {
    guard let first = slots.first else { return nil }
    switch scheme {
    case .leastload, .lru, .pure: return first
    case .plainrandom, .twobin: return draw(slots)
    case .weighted:
      let one = Int32(weights.index(at: .random(in: 0..<weights.total, using: &generator)))
      let two = Int32(weights.index(at: .random(in: 0..<weights.total, using: &generator)))
      return weight(two) > weight(one) ? two : one
    }
  }

  /// Chooses among the given available engines.
  mutating func pick(among candidates: [Int32]) -> Int32? {
    guard !candidates.isEmpty else { return nil }
    switch scheme {
    case .leastload, .lru, .pure: return candidates.min(by: precedes)
    case .plainrandom, .twobin: return draw(candidates)
    case .weighted:
      var sums: [Double] = []
      var total = 0.0
      for candidate in candidates {
        total += weight(candidate)
        sums.append(total)
      }
      let points = (Double.random(in: 0..<total, using: &generator), Double.random(in: 0..<total, using: &generator))
      let one = candidates[sums.firstIndex { $0 > points.0 } ?? 0]
      let two = candidates[sums.firstIndex { $0 > points.1 } ?? 0]
      return weight(two) > weight(one) ? two : one
    }
  }

  /// Chooses among the available engines outside a blacklist; the cost grows with the blacklist, not with the pool.
  mutating func pick(excluding blacklist: Set<Int32>) -> Int32? {
    guard !slots.isEmpty else { return nil }
    switch scheme {
    case .leastload, .lru, .pure: return firstInOrder(excluding: blacklist)
    case .plainrandom, .twobin, .weighted:
      // Drawing again soon succeeds when most engines are allowed.
      for _ in 0..<(slots.count > 2 * blacklist.count ? 16 : 0) {
        if let slot = pick(), !blacklist.contains(slot) { return slot }
      }
      return pick(among: slots.filter { !blacklist.contains($0) })
    }
  }

  private struct Visit: Comparable {
    var slot: Int32
    var place: Int
    var load: Int32
    var stamp: Int

    static func < (left: Visit, right: Visit) -> Bool { (left.load, left.stamp) < (right.load, right.stamp) }
  }

  /// Visits the heap in order until an engine is not blacklisted.
  private func firstInOrder(excluding blacklist: Set<Int32>) -> Int32? {
    var frontier = Heap([Visit(slot: slots[0], place: 0, load: sortingLoad(slots[0]), stamp: stamps[Int(slots[0])])])
    while let visit = frontier.popMin() {
      if !blacklist.contains(visit.slot) { return visit.slot }
      for place in [2 * visit.place + 1, 2 * visit.place + 2] where place < slots.count {
        let slot = slots[place]
        frontier.insert(Visit(slot: slot, place: place, load: sortingLoad(slot), stamp: stamps[Int(slot)]))
      }
    }
    return nil
  }

  private mutating func draw(_ candidates: [Int32]) -> Int32? {
    guard let one = candidates.randomElement(using: &generator) else { return nil }
    guard scheme == .twobin, let two = candidates.randomElement(using: &generator) else { return one }
    return stamps[Int(two)] < stamps[Int(one)] ? two : one
  }

  private func weight(_ slot: Int32) -> Double { 1 / (1e-6 + Double(loads[Int(slot)])) }

  /// The load as far as the scheme heeds it.
  private func sortingLoad(_ slot: Int32) -> Int32 { scheme == .leastload ? loads[Int(slot)] : 0 }

  private func precedes(_ left: Int32, _ right: Int32) -> Bool {
    let (one, two) = (sortingLoad(left), sortingLoad(right))
    if one != two { return one < two }
    return stamps[Int(left)] < stamps[Int(right)]
  }

  private var isOrdered: Bool {
    switch scheme {
    case .leastload, .lru, .pure: true
    case .plainrandom, .twobin, .weighted: false
    }
  }

  private mutating func siftUp(_ start: Int) {
    guard isOrdered else { return }
    let slot = slots[start]
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard precedes(slot, slots[parent]) else { break }
      move(slots[parent], to: place)
      place = parent
    }
    move(slot, to: place)
  }

  private mutating func siftDown(_ start: Int) {
    guard isOrdered else { return }
    let slot = slots[start]
    var place = start
    while true {
      var child = 2 * place + 1
      if child >= slots.count { break }
      if child + 1 < slots.count && precedes(slots[child + 1], slots[child]) { child += 1 }
      guard precedes(slots[child], slot) else { break }
      move(slots[child], to: place)
      place = child
    }
    move(slot, to: place)
  }

  private mutating func move(_ slot: Int32, to place: Int) {
    slots[place] = slot
    positions[Int(slot)] = Int32(place)
  }
}
