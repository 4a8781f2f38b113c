import HeapModule

/// The engines that can take a task now, and the choice among them.
///
/// An array whose positions are known; for the ordered schemes it is a binary heap by load and last use. "Least
/// recently used" is the order of a line: engines enter it at the front, and each dispatch moves them to its end.
struct EnginePool {
  /// What the pool knows of an engine, available or not.
  private struct Seat {
    /// The engine's place in `available`.
    var place: Int32?
    var load: Int32 = 0
    /// Orders the engines by their last use.
    var stamp = 0
  }

  let scheme: SchedulingScheme
  private(set) var available: [EngineHandle] = []
  /// By the engines' index.
  private var seats: [Seat] = []
  private var weights = WeightTree()
  private var lastUse = 0
  private var firstUse = 0
  private var generator: SplitMix64

  init(scheme: SchedulingScheme, generator: SplitMix64) {
    self.scheme = scheme
    self.generator = generator
  }

  /// The number of engines that memory is allocated for.
  var capacity: Int { max(seats.capacity, available.capacity, weights.capacity) }

  /// Whether the engine can take a task now.
  func contains(_ engine: EngineHandle) -> Bool { seats[Int(engine.index)].place != nil }

  func load(of engine: EngineHandle) -> Int { Int(seats[Int(engine.index)].load) }

  /// Adds an idle engine at the front of the line; it is available after ``update(_:isAvailable:)``.
  mutating func register(_ engine: EngineHandle) {
    while seats.count <= Int(engine.index) { seats.append(Seat()) }
    firstUse -= 1
    seats[Int(engine.index)] = Seat(stamp: firstUse)
  }

  /// Counts a task dispatched to the engine and moves it to the end of the line.
  mutating func taskStarted(on engine: EngineHandle) {
    lastUse += 1
    seats[Int(engine.index)].stamp = lastUse
    seats[Int(engine.index)].load += 1
  }

  /// Counts a task that the engine no longer has.
  mutating func taskEnded(on engine: EngineHandle) {
    seats[Int(engine.index)].load -= 1
  }

  /// Adds, removes or moves the engine according to its load, after any number of changes to it.
  mutating func update(_ engine: EngineHandle, isAvailable: Bool) {
    switch (seats[Int(engine.index)].place, isAvailable) {
    case (nil, false): return
    case (nil, true):
      available.append(engine)
      siftUp(available.count - 1)
    case (let place?, false):
      seats[Int(engine.index)].place = nil
      let last = available.removeLast()
      if last != engine {
        move(last, to: Int(place))
        siftUp(Int(place))
        if let place = seats[Int(last.index)].place { siftDown(Int(place)) }
      }
    case (let place?, true):
      siftUp(Int(place))
      if let place = seats[Int(engine.index)].place { siftDown(Int(place)) }
    }
    if scheme == .weighted { weights.set(isAvailable ? weight(engine) : 0, at: Int(engine.index)) }
  }

  /// Gives memory back when all engines have an index below `limit` and there were many more.
  mutating func shrink(to limit: Int) {
    guard seats.count > 64, limit * 4 < seats.count else { return }
    seats = Array(seats.prefix(limit))
    available = available.map { $0 }
    weights.shrink(to: limit)
  }

  /// Chooses among all available engines.
  mutating func pick() -> EngineHandle? {
    guard let first = available.first else { return nil }
    switch scheme {
    case .leastload, .lru, .pure: return first
    case .plainrandom, .twobin: return draw(available)
    case .weighted:
      let one = drawByWeight()
      let two = drawByWeight()
      return weight(two) > weight(one) ? two : one
    }
  }

  /// Chooses among the given available engines.
  mutating func pick(among candidates: [EngineHandle]) -> EngineHandle? {
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
  mutating func pick(excluding blacklist: Set<EngineHandle>) -> EngineHandle? {
    guard !available.isEmpty else { return nil }
    switch scheme {
    case .leastload, .lru, .pure: return firstInOrder(excluding: blacklist)
    case .plainrandom, .twobin, .weighted:
      // If most engines are allowed, drawing again soon succeeds.
      for _ in 0..<(available.count > 2 * blacklist.count ? 16 : 0) {
        if let engine = pick(), !blacklist.contains(engine) { return engine }
      }
      return pick(among: available.filter { !blacklist.contains($0) })
    }
  }

  private struct Visit: Comparable {
    var engine: EngineHandle
    var place: Int
    var load: Int32
    var stamp: Int

    static func < (left: Visit, right: Visit) -> Bool { (left.load, left.stamp) < (right.load, right.stamp) }
  }

  /// Visits the heap in order until an engine is not on the blacklist.
  private func firstInOrder(excluding blacklist: Set<EngineHandle>) -> EngineHandle? {
    var frontier = Heap([visit(0)])
    while let visit = frontier.popMin() {
      if !blacklist.contains(visit.engine) { return visit.engine }
      for place in [2 * visit.place + 1, 2 * visit.place + 2] where place < available.count {
        frontier.insert(self.visit(place))
      }
    }
    return nil
  }

  private func visit(_ place: Int) -> Visit {
    let engine = available[place]
    return Visit(engine: engine, place: place, load: sortingLoad(engine), stamp: stamp(engine))
  }

  private mutating func drawByWeight() -> EngineHandle {
    EngineHandle(index: Int32(weights.index(at: .random(in: 0..<weights.total, using: &generator))))
  }

  private mutating func draw(_ candidates: [EngineHandle]) -> EngineHandle? {
    guard let one = candidates.randomElement(using: &generator) else { return nil }
    guard scheme == .twobin, let two = candidates.randomElement(using: &generator) else { return one }
    return stamp(two) < stamp(one) ? two : one
  }

  private func weight(_ engine: EngineHandle) -> Double { 1 / (1e-6 + Double(load(of: engine))) }

  private func stamp(_ engine: EngineHandle) -> Int { seats[Int(engine.index)].stamp }

  /// The load, if the scheme takes it into account.
  private func sortingLoad(_ engine: EngineHandle) -> Int32 {
    scheme == .leastload ? seats[Int(engine.index)].load : 0
  }

  private func precedes(_ left: EngineHandle, _ right: EngineHandle) -> Bool {
    let (one, two) = (sortingLoad(left), sortingLoad(right))
    return one != two ? one < two : stamp(left) < stamp(right)
  }

  private var isOrdered: Bool {
    switch scheme {
    case .leastload, .lru, .pure: true
    case .plainrandom, .twobin, .weighted: false
    }
  }

  private mutating func siftUp(_ start: Int) {
    let engine = available[start]
    var place = start
    while isOrdered, place > 0 {
      let parent = (place - 1) / 2
      guard precedes(engine, available[parent]) else { break }
      move(available[parent], to: place)
      place = parent
    }
    move(engine, to: place)
  }

  private mutating func siftDown(_ start: Int) {
    guard isOrdered else { return }
    let engine = available[start]
    var place = start
    while true {
      var child = 2 * place + 1
      if child >= available.count { break }
      if child + 1 < available.count && precedes(available[child + 1], available[child]) { child += 1 }
      guard precedes(available[child], engine) else { break }
      move(available[child], to: place)
      place = child
    }
    move(engine, to: place)
  }

  private mutating func move(_ engine: EngineHandle, to place: Int) {
    available[place] = engine
    seats[Int(engine.index)].place = Int32(place)
  }
}
