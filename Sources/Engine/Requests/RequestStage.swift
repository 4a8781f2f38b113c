import MartletWire
import Synchronization

/// How far a request has come that runs, on which those agree that run it and those that want to stop it: it is answered
/// once, and what stops it stops no other.
struct RequestStage: ~Copyable, Sendable {
  /// Why a request is to stop.
  enum Stop: Sendable, Hashable {
    /// Somebody has aborted it.
    case aborted
    /// It has run for longer than it may.
    case timedOut
  }

  /// How a request has ended for whoever ran it.
  enum End: Sendable, Hashable {
    /// It is to be answered.
    case answer
    /// It is to be answered, and was told to stop before.
    case answerStopped(Stop)
    /// It has been answered, because it did not stop.
    case abandoned
  }

  private enum Value: UInt8, AtomicRepresentable {
    case open, aborted, timedOut, ended, abandoned
  }

  private let value = Atomic(Value.open)
  private let startedMicroseconds = Atomic(0)

  /// Why it is to stop; `nil` if nobody has said so, or if it has ended.
  var stop: Stop? {
    switch value.load(ordering: .acquiring) {
    case .aborted: .aborted
    case .timedOut: .timedOut
    case .open, .ended, .abandoned: nil
    }
  }

  /// Whether it was told to stop, also when it did not and was answered.
  var isStopped: Bool {
    switch value.load(ordering: .acquiring) {
    case .aborted, .timedOut, .abandoned: true
    case .open, .ended: false
    }
  }

  /// When it has begun to run.
  var started: Timestamp { Timestamp(microseconds: startedMicroseconds.load(ordering: .relaxed)) }

  /// It begins to run.
  func begin(at now: Timestamp) { startedMicroseconds.store(now.microseconds, ordering: .relaxed) }

  /// It is to stop.
  ///
  /// - Returns: false if it has ended, or was told before.
  func stop(_ reason: Stop) -> Bool {
    let new: Value = reason == .aborted ? .aborted : .timedOut
    return value.compareExchange(expected: .open, desired: new, ordering: .acquiringAndReleasing).exchanged
  }

  /// Nobody waits for its end any more; the caller answers it.
  ///
  /// - Returns: false if it has ended, was not told to stop, or was abandoned before.
  func abandon() -> Bool {
    for old in [Value.aborted, .timedOut]
    where value.compareExchange(expected: old, desired: .abandoned, ordering: .acquiringAndReleasing).exchanged {
      return true
    }
    return false
  }

  /// It has ended.
  func end() -> End {
    switch value.exchange(.ended, ordering: .acquiringAndReleasing) {
    case .open, .ended: .answer
    case .aborted: .answerStopped(.aborted)
    case .timedOut: .answerStopped(.timedOut)
    case .abandoned: .abandoned
    }
  }
}
