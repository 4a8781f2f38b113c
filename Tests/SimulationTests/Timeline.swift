@testable import MartletController

/// Virtual time: what happens when, in one order for each seed.
final class Timeline {
  private struct Entry: Comparable {
    let time: ContinuousClock.Instant
    let serial: Int
    let action: () -> Void

    static func < (left: Entry, right: Entry) -> Bool { (left.time, left.serial) < (right.time, right.serial) }
    static func == (left: Entry, right: Entry) -> Bool { left.serial == right.serial }
  }

  let start: ContinuousClock.Instant
  private(set) var now: ContinuousClock.Instant
  private var entries = LazyHeap<Entry>()
  private var serial = 0

  init() {
    start = .now
    now = start
  }

  /// How many events there were so far or are to come.
  var count: Int { serial }

  /// The virtual time since the beginning.
  var elapsed: Duration { now - start }

  func schedule(at time: ContinuousClock.Instant, _ action: @escaping () -> Void) {
    serial += 1
    entries.insert(Entry(time: max(time, now), serial: serial, action: action))
  }

  /// Lets the next event happen.
  ///
  /// - Returns: whether there was one.
  func step() -> Bool {
    guard let next = entries.popMin() else { return false }
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
