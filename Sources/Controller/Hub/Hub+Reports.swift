import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// What relays and schedulers report to the hub, which reads it later.
extension Hub {
  /// The number of changes posted to the task store at once.
  private static let writeBatch = 256

  /// The part of a message to report before it is relayed; nil if it is not recorded.
  nonisolated func record(_ message: borrowing Multipart, _ layout: MessageLayout) -> RecordedMessage? {
    keepsRecords ? RecordedMessage(message, layout: layout) : nil
  }

  /// The part of an IOPub message to report; nil if the hub has no use for it, as with figures and other displayed data,
  /// which may be large.
  nonisolated func recordOutput(
    _ message: borrowing Multipart, _ layout: MessageLayout, type: String
  ) -> RecordedMessage? {
    guard HubState.readOutput.contains(type), keepsRecords || type == MessageType.shutdownReply else { return nil }
    return RecordedMessage(message, layout: layout, keepsParent: true)
  }

  /// Reports a message that is about to be relayed, from any loop. The hub reads reports before it answers a request,
  /// or after ``announceReports()``.
  nonisolated func report(_ event: consuming HubEvent) {
    // Log one line per thousand.
    if let total = backlog.add(event), total % 1000 == 1 {
      logger.warning("the hub lags, reports were shortened or dropped", metadata: [LogKey.count: "\(total)"])
    }
  }

  /// The limit that unanswered direct requests have reached, if any, as of the last reading of reports. The hub counts
  /// them because it knows each anyway. Until it notices, a few milliseconds' worth of requests passes.
  nonisolated var directExcess: QueueLimit.Excess? {
    QueueLimit.Excess(rawValue: reachedLimit.load(ordering: .relaxed))
  }

  /// Tells the hub to read reports. Call it after the messages are sent.
  nonisolated func announceReports() {
    if backlog.announce() { execute { $0.reportsWait() } }
  }

  /// Reads reports, or lets them collect if the last read was a moment ago. Under load, waking for each message would
  /// cost more than recording it.
  private func reportsWait() {
    if reader.isDue(for: self) { readReports() }
  }

  func readReports() {
    let now = Moment.now
    state.storeRoom = store.room
    state.journalCoverage = journal?.coverage
    var reports = reader.take(from: backlog, at: now.instant, on: loop)
    for index in reports.indices {
      // Moved out, not copied.
      var event = HubEvent.answersMissed
      swap(&event, &reports[index])
      state.monitor(event, at: now)
      if state.hasActions || state.writes.count >= Self.writeBatch { act(arming: false) }
    }
    reader.takeBack(consume reports)
    act()
    let excess = queueLimit.excess(of: state.requests.queueUsage)
    reachedLimit.store(excess?.rawValue ?? 0, ordering: .relaxed)
    watchMemory(at: now.instant)
  }
}
