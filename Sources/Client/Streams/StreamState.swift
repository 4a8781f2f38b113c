import DequeModule

/// What is under way between the source of a stream and its reader. A value without I/O.
///
/// An element counts from the time it is taken from the source until its outcome is handed out, and there are never more
/// than the window: a slow reader holds up the source, and memory doesn't grow with the number of elements.
struct StreamState<Outcome> {
  /// What the reader gets.
  enum Next {
    case outcome(index: Int, Outcome)
    case wait
    /// All outcomes have been handed out; the error is the source's.
    case end((any Error)?)
  }

  private let window: Int
  private let isOrdered: Bool
  /// How many elements have been taken from the source.
  private var begun = 0
  private var handedOut = 0
  private var ready: Deque<(index: Int, outcome: Outcome)> = []
  /// Of an ordered stream: outcomes that come after one that is not there yet, and the index of that.
  private var early: [Int: Outcome] = [:]
  private var missing = 0
  /// Once the source has ended: with which error, if any.
  private var end: (any Error)??

  init(window: Int, isOrdered: Bool) {
    self.window = window
    self.isOrdered = isOrdered
  }

  /// Whether another element may be taken from the source.
  var hasRoom: Bool { begun - handedOut < window }

  /// Whether there is something for the reader: an outcome or the end.
  var hasNext: Bool { !ready.isEmpty || handedOut == begun && end != nil }

  /// An element was taken from the source.
  ///
  /// - Returns: its index.
  mutating func begin() -> Int {
    defer { begun += 1 }
    return begun
  }

  /// The task of an element has ended.
  mutating func finish(_ index: Int, _ outcome: Outcome) {
    guard isOrdered else { return ready.append((index, outcome)) }
    early[index] = outcome
    while let next = early.removeValue(forKey: missing) {
      ready.append((missing, next))
      missing += 1
    }
  }

  /// The source has no more elements, or has failed.
  mutating func sourceEnded(_ error: (any Error)?) { end = .some(error) }

  /// Takes the next outcome to hand out.
  mutating func next() -> Next {
    if let (index, outcome) = ready.popFirst() {
      handedOut += 1
      return .outcome(index: index, outcome)
    }
    guard handedOut == begun, let end else { return .wait }
    // The source's error is thrown once.
    self.end = .some(nil)
    return .end(end)
  }
}

extension StreamState: Sendable where Outcome: Sendable {}
extension StreamState.Next: Sendable where Outcome: Sendable {}
