import DequeModule
import Synchronization

/// What the relays and schedulers have reported and the hub has not looked at yet, bounded, so that a hub that lags takes
/// only so much memory, without anybody ever waiting for it.
final class ReportBacklog: Sendable {
  private struct State {
    var events = Deque<HubEvent>()
    var weight = 0
    var dropped = 0
    var isAnnounced = false
  }

  private let state = Mutex(State())
  private let limit: Int

  /// What a report weighs besides its message: its place in a batch, its ids, and what allocation adds.
  static let overhead = 512

  /// - Parameter limit: bytes in memory, large buffers included.
  init(limit: Int) { self.limit = limit }

  /// Adds a report; one that can be dispensed with is dropped if there is no room.
  ///
  /// - Returns: if there was no room for it, the total of reports dropped so far.
  func add(_ event: consuming HubEvent) -> Int? {
    let weight = event.weight
    // Taken out where it is added, so that no reference in it is counted up and down.
    var report: HubEvent? = consume event
    return state.withLock { state in
      let hasRoom = state.weight < limit
      if hasRoom {
        state.weight += weight
      } else {
        state.dropped += 1
        report = report?.indispensable
      }
      if let report = report.take() { state.events.append(report) }
      return hasRoom ? nil : state.dropped
    }
  }

  /// Whether the hub has to be told that something waits: it has been told and has not looked yet otherwise.
  func announce() -> Bool {
    state.withLock { state in
      guard !state.isAnnounced, !state.events.isEmpty else { return false }
      state.isAnnounced = true
      return true
    }
  }

  /// Hands over all reports, in the order in which they came.
  func take() -> Deque<HubEvent> {
    state.withLock { state in
      var events = Deque<HubEvent>()
      swap(&events, &state.events)
      state.weight = 0
      state.isAnnounced = false
      return events
    }
  }
}

extension HubEvent {
  /// What the hub has to learn in any case: without hearts engines would never come or go, and a request whose answer
  /// it misses would stay pending for ever.
  var indispensable: HubEvent? {
    switch self {
    case .heartsStarted, .heartsStopped, .answered: self
    case .replied(let id, _, _): .answered(taskID: id)
    case .requested, .dispatched, .returned, .published: nil
    }
  }

  /// Bytes it takes while it waits.
  var weight: Int {
    switch self {
    case .requested(_, _, _, let message), .replied(_, _, let message):
      ReportBacklog.overhead + (message?.byteCount ?? 0)
    case .published(_, _, let message): ReportBacklog.overhead + message.byteCount
    case .dispatched, .returned, .answered, .heartsStarted, .heartsStopped: ReportBacklog.overhead
    }
  }
}
