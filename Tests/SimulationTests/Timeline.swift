/// Virtual time: what happens when, in one order for each seed.
final class Timeline {
  private struct Entry {
    let time: ContinuousClock.Instant
    let action: () -> Void
  }

  let start: ContinuousClock.Instant
  private(set) var now: ContinuousClock.Instant
  /// What is to come, the next one last. Few events wait at a time: a debug build moves them faster than it keeps a heap.
  private var entries = ContiguousArray<Entry>()
  /// How many events there were so far or are to come.
  private(set) var count = 0

  init() {
    start = .now
    now = start
  }

  /// The virtual time since the beginning.
  var elapsed: Duration { now - start }

  func schedule(at time: ContinuousClock.Instant, _ action: @escaping () -> Void) {
    count += 1
    let time = max(time, now)
    // In front of those of the same time, which were scheduled earlier.
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].time > time { low = middle + 1 } else { high = middle }
    }
    entries.insert(Entry(time: time, action: action), at: low)
  }

  /// Lets the next event happen.
  ///
  /// - Returns: whether there was one.
  func step() -> Bool {
    guard let next = entries.popLast() else { return false }
    now = next.time
    next.action()
    return true
  }
}

/// Something that happens at a time that changes: only what was set last counts.
final class Alarm {
  private var serial = 0
  private var time: ContinuousClock.Instant?

  var isSet: Bool { time != nil }

  /// Sets the alarm; without a time it is cancelled.
  func set(at time: ContinuousClock.Instant?, on process: SimulatedProcess, _ action: @escaping () -> Void) {
    guard time != self.time else { return }
    self.time = time
    serial += 1
    guard let time else { return }
    let mine = serial
    process.at(time) { [weak self] in
      guard let self, self.serial == mine else { return }
      self.time = nil
      action()
    }
  }
}
