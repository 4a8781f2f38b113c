/// How many calls to something are unanswered, and who waits for their turn, in the order in which they came. A value without
/// I/O.
struct CallWindow<Waiter: Sendable>: Sendable {
  /// How many calls are unanswered.
  private(set) var openCount = 0
  private var waiters: [Int: Waiter] = [:]
  private var nextTicket = 0
  /// No ticket before this one waits.
  private var firstTicket = 0

  /// How many wait for their turn.
  var waitingCount: Int { waiters.count }

  /// A call begins, unless as many are unanswered or it is not its turn.
  mutating func begin(limit: Int) -> Bool {
    guard openCount < limit, waiters.isEmpty else { return false }
    openCount += 1
    return true
  }

  /// Somebody waits for their turn.
  ///
  /// - Returns: their ticket.
  mutating func wait(_ waiter: Waiter) -> Int {
    defer { nextTicket += 1 }
    waiters[nextTicket] = waiter
    return nextTicket
  }

  /// Somebody does not wait any more.
  ///
  /// - Returns: `nil` if it was their turn before.
  mutating func cancel(_ ticket: Int) -> Waiter? { waiters.removeValue(forKey: ticket) }

  /// A call has been answered.
  mutating func end() { openCount -= 1 }

  /// Takes those whose turn it is; their calls have begun.
  mutating func takeReady(limit: Int) -> [Waiter] {
    var ready: [Waiter] = []
    while openCount < limit, !waiters.isEmpty {
      if let waiter = waiters.removeValue(forKey: firstTicket) {
        openCount += 1
        ready.append(waiter)
      }
      firstTicket += 1
    }
    return ready
  }
}
