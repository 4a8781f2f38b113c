import MartletWire
import Synchronization

/// Makes the message ids of a session, on any thread.
final class MessageIDs: Sendable {
  /// The session's id.
  let session: String
  private let prefix: String
  private let counter = Atomic<Int>(0)

  init(session: String = Session.randomID()) {
    self.session = session
    prefix = "\(session)_\(ProcessIdentity.pid)_"
  }

  /// Makes an id.
  func next() -> String { prefix + String(counter.wrappingAdd(1, ordering: .relaxed).oldValue) }
}
