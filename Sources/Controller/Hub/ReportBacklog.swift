import Synchronization

/// The queue of unread reports. Its size is bounded, and adding a report never waits for the hub.
///
/// As it fills, the backlog keeps less and less:
///
/// 1. Up to ``contentLimit`` it keeps every report in full.
/// 2. Up to ``limit`` it keeps only the ids of answered tasks. It drops other reports of messages.
/// 3. Beyond that it only notes that answers were missed, and keeps the last change of each heart.
///
/// The hub therefore never waits for a task that has ended, and never misses an engine that joins or leaves.
final class ReportBacklog: Sendable {
  private struct State {
    /// An array, as a report is moved into it, and copied into a deque.
    var events: [HubEvent] = []
    var weight = 0
    var dropped = 0
    var isAnnounced = false
    /// The last state of each heart whose report did not fit: whether it beats.
    var hearts: [String: Bool] = [:]
    var missedAnswers = false

    var isEmpty: Bool { events.isEmpty && hearts.isEmpty && !missedAnswers }

    /// Notes the state of hearts. Anybody can invent hearts, so their number is limited.
    private mutating func note(_ uuids: [String], beating: Bool) {
      for uuid in uuids where hearts.count < ReportBacklog.heartLimit || hearts[uuid] != nil { hearts[uuid] = beating }
    }

    /// Keeps the essential part of a report that does not fit.
    mutating func compress(_ event: consuming HubEvent) {
      switch consume event {
      case .heartsStarted(let uuids): note(uuids, beating: true)
      case .heartsStopped(let uuids): note(uuids, beating: false)
      case .answered, .replied, .answersMissed: missedAnswers = true
      case .requested, .dispatched, .returned, .published: break
      }
    }
  }

  private let state = Mutex(State())
  /// The weight of reports beyond which only the ids of answered tasks are kept, in bytes.
  let contentLimit: Int
  /// The weight of reports beyond which no ids are kept either, in bytes.
  let limit: Int

  /// The most hearts whose last state is kept.
  private static let heartLimit = 65_536

  /// The weight of a report in addition to its message, in bytes: its place in a batch, its ids and allocation
  /// overhead.
  static let overhead = 512

  /// - Parameter limit: the maximum weight of all reports, in bytes, including large buffers. A quarter is reserved for
  ///   reports without content.
  init(limit: Int) {
    self.limit = limit
    contentLimit = limit / 4 * 3
  }

  /// Adds a report, or the part of it that fits.
  ///
  /// - Returns: nil if the report was kept in full, otherwise the number of reports shortened or dropped so far.
  func add(_ event: consuming HubEvent) -> Int? {
    let weight = event.weight
    // An optional, so the report can be moved out without reference counting.
    var report: HubEvent? = consume event
    return state.withLock { state in
      if state.weight < contentLimit {
        state.weight += weight
        if let report = report.take() { state.events.append(report) }
        return nil
      }
      state.dropped += 1
      guard let short = report.take()?.withoutContent else { return state.dropped }
      if state.weight < limit {
        state.weight += short.weight
        state.events.append(short)
      } else {
        state.compress(short)
      }
      return state.dropped
    }
  }

  /// Returns true if reports are waiting and none has been announced since the last ``take()``.
  func announce() -> Bool {
    state.withLock { state in
      guard !state.isAnnounced, !state.isEmpty else { return false }
      state.isAnnounced = true
      return true
    }
  }

  /// Takes all reports, in the order in which they were added, and empties the backlog.
  ///
  /// - Parameter events: receives them. It must be empty; its memory is used for the reports to come.
  func take(into events: inout [HubEvent]) {
    state.withLock { state in
      swap(&events, &state.events)
      if !state.hearts.isEmpty {
        events.append(.heartsStarted(state.hearts.filter(\.value).keys.sorted()))
        events.append(.heartsStopped(state.hearts.filter { !$0.value }.keys.sorted()))
        state.hearts = [:]
      }
      if state.missedAnswers { events.append(.answersMissed) }
      state.missedAnswers = false
      state.weight = 0
      state.isAnnounced = false
    }
  }
}

extension HubEvent {
  /// The part that the hub must receive in any case; nil if the report is dispensable.
  ///
  /// Without heart reports, engines would never join or leave. Without answers, requests would stay pending.
  var withoutContent: HubEvent? {
    switch self {
    case .heartsStarted, .heartsStopped, .answered, .answersMissed: self
    case .replied(let id, _, _): .answered(taskID: id)
    case .requested, .dispatched, .returned, .published: nil
    }
  }

  /// The memory that an unread report takes, in bytes.
  var weight: Int {
    switch self {
    case .requested(_, _, _, _, let message), .replied(_, _, let message):
      ReportBacklog.overhead + (message?.byteCount ?? 0)
    case .published(_, _, let message): ReportBacklog.overhead + message.byteCount
    case .heartsStarted(let uuids), .heartsStopped(let uuids): ReportBacklog.overhead * max(1, uuids.count)
    case .dispatched, .returned, .answered, .answersMissed: ReportBacklog.overhead
    }
  }
}
