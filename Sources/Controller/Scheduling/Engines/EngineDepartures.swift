/// The engines that are leaving: they have unregistered, or have yet to come back, and their replies still count for a time.
struct EngineDepartures {
  private struct Deadline: Comparable {
    let time: Instant
    let engine: EngineToken

    static func < (left: Deadline, right: Deadline) -> Bool {
      (left.time, left.engine.registration) < (right.time, right.engine.registration)
    }
  }

  private var deadlines = LazyHeap<Deadline>()
  private var departures: [EngineHandle: (how: EngineDeparture, time: Instant)] = [:]

  /// How and when an engine left; `nil` if it is not leaving.
  subscript(engine: EngineHandle) -> (how: EngineDeparture, time: Instant)? { departures[engine] }

  /// When the next grace period ends.
  var nextDeadline: Instant? { deadlines.min?.time }

  /// Notes that an engine has left.
  mutating func add(_ engine: EngineToken, _ departure: EngineDeparture, now: Instant) {
    deadlines.insert(Deadline(time: now + departure.grace, engine: engine))
    departures[engine.engine] = (departure, now)
  }

  /// Removes the deadline that ends next. Its engine may have come back or gone since.
  mutating func popNext() -> EngineToken? { deadlines.popMin()?.engine }

  /// An engine has come back, or is gone for good.
  mutating func remove(_ engine: EngineHandle) { departures[engine] = nil }
}
