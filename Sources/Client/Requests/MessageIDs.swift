import MartletWire
import Synchronization

/// Makes the ids of a session's messages on any thread.
final class MessageIDs: Sendable {
  /// The session the ids belong to.
  let session = Session.randomID()
  private let prefix: String
  private let counter = Atomic<Int>(0)

  init() { prefix = "\(session)_\(ProcessIdentity.pid)_" }

  /// The next id.
  func next() -> String { prefix + String(counter.wrappingAdd(1, ordering: .relaxed).oldValue) }

  /// Whether an id is of this session.
  func owns(_ id: String) -> Bool { id.hasPrefix(prefix) }
}
