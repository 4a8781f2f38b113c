/// The request that runs under a limit of its time, and when to look at it. A value without a clock: time is passed in.
///
/// One alarm serves any number of requests: it is set when there is none, and set again when it comes too early for the
/// request that runs then.
struct ExecutionLimit<Item: Sendable>: Sendable {
  private var running: (item: Item, end: ContinuousClock.Instant)?
  private var alarm: ContinuousClock.Instant?

  /// A request begins.
  ///
  /// - Returns: when to call ``alarmCame(now:)``; `nil` if that is arranged.
  mutating func begin(_ item: Item, limit: Duration, now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
    let end = now + limit
    running = (item, end)
    if let alarm, alarm <= end { return nil }
    alarm = end
    return end
  }

  /// The request has ended.
  mutating func end() { running = nil }

  /// The time has come that ``begin(_:limit:now:)`` or this method has returned.
  ///
  /// - Returns: the request whose time is over, and when to call this again.
  mutating func alarmCame(now: ContinuousClock.Instant) -> (expired: Item?, next: ContinuousClock.Instant?) {
    // An alarm that was set first for a later request comes when an earlier one has been dealt with.
    if let alarm, now < alarm { return (nil, nil) }
    alarm = nil
    guard let (item, end) = running else { return (nil, nil) }
    guard now < end else {
      running = nil
      return (item, nil)
    }
    alarm = end
    return (nil, end)
  }
}
