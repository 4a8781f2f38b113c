import HeapModule

/// The timers of an event loop.
struct LoopTimers {
  private struct Timer: Comparable {
    let deadline: ContinuousClock.Instant
    let id: UInt64
    static func < (left: Timer, right: Timer) -> Bool {
      (left.deadline, left.id) < (right.deadline, right.id)
    }
  }

  /// Includes cancelled timers, which have no action.
  private var heap = Heap<Timer>()
  private var actions: [UInt64: () -> Void] = [:]

  /// Whether there is no timer, not even a cancelled one.
  var isEmpty: Bool { heap.isEmpty }

  /// How many timers take room, cancelled ones included.
  var count: Int { heap.count }

  mutating func add(_ id: UInt64, at deadline: ContinuousClock.Instant, _ action: @escaping () -> Void) {
    heap.insert(Timer(deadline: deadline, id: id))
    actions[id] = action
  }

  /// Cancels a timer.
  ///
  /// - Returns: its action, if it was there.
  mutating func remove(_ id: UInt64) -> (() -> Void)? {
    guard let action = actions.removeValue(forKey: id) else { return nil }
    // Cancelled timers stay in the heap until they are most of it, and are then thrown out together.
    if heap.count > 64, heap.count > 2 * actions.count {
      heap = Heap(heap.unordered.filter { actions[$0.id] != nil })
    }
    return action
  }

  /// Takes the action of the first timer whose deadline has come.
  mutating func takeDue(at now: ContinuousClock.Instant) -> (() -> Void)? {
    while let timer = heap.min, timer.deadline <= now {
      heap.removeMin()
      if let action = actions.removeValue(forKey: timer.id) { return action }
    }
    return nil
  }

  /// The next deadline.
  mutating func next() -> ContinuousClock.Instant? {
    while let timer = heap.min {
      if actions[timer.id] != nil { return timer.deadline }
      heap.removeMin()
    }
    return nil
  }
}
