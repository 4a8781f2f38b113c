import Synchronization

/// How much the relays and schedulers have reported that the hub has not looked at yet: a bound on the memory a hub
/// that lags can take, without anybody ever waiting for it.
final class ReportBacklog: Sendable {
  private let weight = Atomic<Int>(0)
  private let dropped = Atomic<Int>(0)
  private let limit: Int

  /// What a report weighs besides its message: its place in a batch, its ids, and what allocation adds.
  static let overhead = 512

  /// - Parameter limit: bytes in memory, large buffers included.
  init(limit: Int) { self.limit = limit }

  /// What became of some reports.
  enum Admission: Equatable {
    /// The hub gets them; they weigh this much until ``release(_:)``.
    case admitted(Int)
    /// There is no room; the total of reports dropped so far.
    case dropped(total: Int)
  }

  /// Asks for room for some reports.
  func admit(_ events: [HubEvent]) -> Admission {
    guard weight.load(ordering: .relaxed) < limit else {
      return .dropped(total: dropped.add(events.count, ordering: .relaxed).newValue)
    }
    let added = events.reduce(0) { $0 + $1.weight }
    weight.add(added, ordering: .relaxed)
    return .admitted(added)
  }

  /// The hub has looked at reports of this weight.
  func release(_ added: Int) { weight.subtract(added, ordering: .relaxed) }
}

extension HubEvent {
  /// What the hub has to learn in any case: without hearts engines would never come or go, and a request whose answer
  /// it misses would stay pending for ever.
  var indispensable: HubEvent? {
    switch self {
    case .heartsStarted, .heartsStopped, .answered: self
    case .replied(let id, _, _): .answered(taskID: id)
    case .requested, .dispatched, .published: nil
    }
  }

  fileprivate var weight: Int {
    switch self {
    case .requested(_, _, _, let message), .replied(_, _, let message):
      ReportBacklog.overhead + (message?.byteCount ?? 0)
    case .published(_, _, let message): ReportBacklog.overhead + message.byteCount
    case .dispatched, .answered, .heartsStarted, .heartsStopped: ReportBacklog.overhead
    }
  }
}
