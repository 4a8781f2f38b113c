/// Finds out what became of requests whose replies may have been lost with a connection. A value without I/O.
///
/// A request may still be under way when the hub is asked for the first time, so one that the hub doesn't know is lost only
/// after several answers.
struct RequestRecovery: Sendable {
  /// What the hub says about requests.
  struct Status: Sendable, Hashable {
    var completed: Set<String> = []
    var pending: Set<String> = []
    /// For how many seconds the controller knows all tasks that it has accepted; `nil` without a journal.
    var coverage: Double?
  }

  /// What follows for the requests that were asked about.
  struct Verdict: Sendable, Hashable {
    /// Their replies are to be fetched from the hub.
    var finished: [String] = []
    /// Nobody knows them.
    var lost: [String] = []
  }

  /// How many answers must say that a request is unknown.
  static let answersBeforeLoss = 3
  /// How many requests to ask about at once.
  static let chunkSize = 1000
  private static let shortestPause = Duration.milliseconds(100)
  private static let longestPause = Duration.seconds(5)

  private var order: [String]
  /// How many answers in a row said that a request is unknown.
  private var misses: [String: Int]
  /// How long to wait before the next round of questions.
  private(set) var pause = Self.shortestPause

  /// - Parameter ids: the requests in their order.
  init(_ ids: [String]) {
    order = ids
    misses = Dictionary(ids.map { ($0, 0) }) { first, _ in first }
  }

  /// Whether the fate of all requests is known.
  var isComplete: Bool { misses.isEmpty }

  /// The requests to ask about, in portions.
  var chunks: [[String]] {
    stride(from: 0, to: order.count, by: Self.chunkSize).map {
      Array(order[$0..<min($0 + Self.chunkSize, order.count)])
    }
  }

  /// Forgets the requests that nobody waits for any more.
  mutating func keep(_ isAwaited: (String) -> Bool) {
    order.removeAll { id in
      guard misses[id] != nil, isAwaited(id) else {
        misses[id] = nil
        return true
      }
      return false
    }
  }

  /// The hub has answered.
  mutating func answered(_ asked: [String], _ status: Status) -> Verdict {
    var verdict = Verdict()
    for id in asked {
      guard let missed = misses[id] else { continue }
      if status.completed.contains(id) {
        // Fetching its reply may fail, so it is asked about until nobody waits for it.
        verdict.finished.append(id)
        misses[id] = 0
      } else if status.pending.contains(id) {
        misses[id] = 0
      } else if missed + 1 < Self.answersBeforeLoss {
        misses[id] = missed + 1
      } else {
        verdict.lost.append(id)
        misses[id] = nil
      }
    }
    return verdict
  }

  /// A request that nobody knew was sent again: its reply may be lost as well.
  mutating func sentAgain(_ id: String) { misses[id] = 0 }

  /// A round of questions has ended.
  ///
  /// - Parameter time: how long it took. The hub has other things to do, so the next pause is longer.
  mutating func roundEnded(after time: Duration) { pause = min(max(pause * 2, time * 4), Self.longestPause) }
}
