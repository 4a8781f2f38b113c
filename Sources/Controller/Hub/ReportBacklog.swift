import Synchronization

/// How much the relays and schedulers have reported that the hub has not looked at yet: a bound on the memory a hub
/// that lags can take, without anybody ever waiting for it.
final class ReportBacklog: Sendable {
  private let weight = Atomic<Int>(0)
  private let dropped = Atomic<Int>(0)
  private let limit: Int

  /// - Parameter limit: bytes of messages, with 1 KiB more for each report.
  init(limit: Int) { self.limit = limit }

  /// What became of some reports.
  enum Admission: Equatable {
    /// The hub gets them; they weigh this much until ``release(_:)``.
    case admitted(Int)
    /// There is no room; the total of reports dropped so far.
    case dropped(total: Int)
  }

  /// Asks for room for some reports. Those of hearts always find it: without them engines would never come or go.
  func admit(_ events: [HubEvent]) -> Admission {
    guard weight.load(ordering: .relaxed) < limit || events.contains(where: \.isIndispensable) else {
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
  fileprivate var isIndispensable: Bool {
    switch self {
    case .heartsStarted, .heartsStopped: true
    case .requested, .dispatched, .replied, .published: false
    }
  }

  fileprivate var weight: Int {
    switch self {
    case .requested(let message, _), .replied(let message, _), .published(let message):
      1024 + message.frames.totalSize
    case .dispatched, .heartsStarted, .heartsStopped: 1024
    }
  }
}
