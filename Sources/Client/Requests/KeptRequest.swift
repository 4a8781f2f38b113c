import MartletWire
import MartletZeroMQ

/// A task that is kept until its reply arrives, because it is sent again if a controller with a journal was killed before it
/// had accepted the task.
final class KeptRequest: Sendable {
  let request: Request
  let sent: ContinuousClock.Instant
  /// The memory it takes.
  let size: Int

  /// How many bytes a client keeps. Tasks beyond that are not sent again; nor are those that are too large for a journal.
  static let limit = 256 << 20
  private static let overhead = 512

  init(_ request: Request, sent: ContinuousClock.Instant = .now) {
    self.request = request
    self.sent = sent
    size = request.buffers.reduce(Self.overhead + request.metadata.count + request.content.count) { $0 + $1.count }
  }

  /// Whether a controller would know the task if it had accepted it.
  ///
  /// - Parameter coverage: for how many seconds the controller knows all tasks that it has accepted.
  func isCovered(by coverage: Double, at now: ContinuousClock.Instant) -> Bool { now - sent < .seconds(coverage) }

  /// The request as it is sent again: marked, so that the scheduler drops it if it knows the task.
  var again: Request {
    var request = request
    request.metadata = JSONFields.adding(#""resubmitted":true"#, to: request.metadata)
    return request
  }
}
