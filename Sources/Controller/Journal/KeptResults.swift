import DequeModule

/// The results of tasks that a journal keeps: found by the ids of their tasks, and forgotten when they exceed the limits.
struct KeptResults: Sendable {
  typealias Tasks = NumberTable<JournalTask>

  private struct Queue: Sendable {
    /// The numbers of the tasks, with some whose results have gone.
    var order = Deque<UInt64>()
    var count = 0
    var bytes = 0

    mutating func add(_ number: UInt64, size: Int) {
      order.append(number)
      count += 1
      bytes += size
    }

    mutating func remove(size: Int) {
      count -= 1
      bytes -= size
    }

    func exceeds(_ limit: JournalLimits.Bound, age: Double) -> Bool {
      count > limit.count || bytes > limit.bytes && count > 1 || age > limit.age
    }
  }

  private let limits: JournalLimits
  private var delivered = Queue()
  private var undelivered = Queue()
  /// The tasks by the hash of their id; `nil` until somebody looks for one, as most journals are never asked.
  private var index: IdentifierTable<JournalTask>?

  init(limits: JournalLimits) { self.limits = limits }

  /// How many results are kept.
  var count: Int { delivered.count + undelivered.count }

  /// The task whose id has this hash, if its result is kept.
  mutating func find(_ hash: UInt64, _ tasks: Tasks) -> Tasks.Slot? {
    if index == nil { buildIndex(tasks) }
    return index?.find(hash: UInt32(truncatingIfNeeded: hash)) { tasks[$0].hash == hash }
  }

  private mutating func buildIndex(_ tasks: Tasks) {
    var kept: [(time: Double, number: UInt64)] = []
    tasks.visit { if $1.isKept { kept.append(($1.time, $0)) } }
    index = IdentifierTable()
    for (_, number) in kept.sorted(by: <) {
      if let slot = tasks.find(number) { enter(slot, tasks) }
    }
  }

  /// Makes a result the one that is found, in place of another with the same id.
  private mutating func enter(_ slot: Tasks.Slot, _ tasks: Tasks) {
    let hash = tasks[slot].hash
    if let other = find(hash, tasks) { index?.remove(hash: UInt32(truncatingIfNeeded: hash), other) }
    index?.insert(hash: UInt32(truncatingIfNeeded: hash), slot)
  }

  // MARK: - Events

  /// Adds a result that was delivered as far as is known. It is found in place of another with the same id.
  mutating func add(_ slot: Tasks.Slot, size: Int, _ tasks: Tasks) {
    delivered.add(tasks.number(of: slot), size: size)
    if index != nil { enter(slot, tasks) }
  }

  /// A result was not delivered.
  mutating func noteUndelivered(_ number: UInt64, size: Int) {
    delivered.remove(size: size)
    undelivered.add(number, size: size)
  }

  /// Removes a result that is still kept.
  mutating func remove(_ slot: Tasks.Slot, size: Int, _ tasks: Tasks) {
    if tasks[slot].phase == .delivered { delivered.remove(size: size) } else { undelivered.remove(size: size) }
    index?.remove(hash: UInt32(truncatingIfNeeded: tasks[slot].hash), slot)
  }

  /// Takes the number of the oldest result beyond a limit, which has to be removed next.
  mutating func popExcess(_ tasks: Tasks, at now: Double) -> UInt64? {
    Self.popExcess(&delivered, .delivered, limits.delivered, tasks, now)
      ?? Self.popExcess(&undelivered, .undelivered, limits.undelivered, tasks, now)
  }

  private static func popExcess(
    _ queue: inout Queue, _ phase: JournalTask.Phase, _ limit: JournalLimits.Bound, _ tasks: Tasks, _ now: Double
  ) -> UInt64? {
    while let number = queue.order.first {
      guard let task = tasks[number], task.phase == phase else {
        queue.order.removeFirst()
        continue
      }
      return queue.exceeds(limit, age: now - task.time) ? queue.order.removeFirst() : nil
    }
    return nil
  }

  // MARK: - Invariants

  /// What is wrong with the results.
  func problems(_ tasks: Tasks) -> [String] {
    var (deliveredCount, undeliveredCount) = (0, 0)
    tasks.visit { _, task in
      if task.phase == .delivered { deliveredCount += 1 }
      if task.phase == .undelivered { undeliveredCount += 1 }
    }
    guard (deliveredCount, undeliveredCount) != (delivered.count, undelivered.count) else { return [] }
    return [
      "\(deliveredCount) and \(undeliveredCount) results are kept, not \(delivered.count) and \(undelivered.count)"
    ]
  }
}
