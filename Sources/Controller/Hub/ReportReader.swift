import MartletZeroMQ

/// The hub's end of its ``ReportBacklog``: when reports are read, and the memory that they are read into.
struct ReportReader {
  /// The earliest time to read reports again. A request reads them sooner.
  private var nextLook = Instant.now
  private var timer = DeadlineTimer()
  /// The memory of the reports that were read last, for those to come.
  private var spare: [HubEvent] = []

  /// How long reports collect under load before they are read.
  private static let interval = Duration.milliseconds(2)
  /// The most reports that memory is kept for.
  private static let keptReports = 8192

  /// Has the hub read reports later, if the last read was a moment ago.
  ///
  /// - Returns: whether it has to read them now.
  mutating func isDue(for hub: Hub) -> Bool {
    guard .now < nextLook else { return true }
    timer.arm(at: nextLook, of: hub) { $0.readReports() }
    return false
  }

  /// Takes all reports; ``takeBack(_:)`` has to follow.
  mutating func take(from backlog: ReportBacklog, at now: Instant, on loop: EventLoop) -> [HubEvent] {
    timer.cancel(on: loop)
    nextLook = now + Self.interval
    var reports: [HubEvent] = []
    swap(&reports, &spare)
    backlog.take(into: &reports)
    return reports
  }

  /// Takes back the memory of reports.
  mutating func takeBack(_ reports: consuming [HubEvent]) {
    reports.removeAll(keepingCapacity: reports.capacity <= Self.keptReports)
    spare = reports
  }
}
