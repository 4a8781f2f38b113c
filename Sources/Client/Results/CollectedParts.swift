import Synchronization

/// The parts of a value that were read from replies which were let go after that.
final class CollectedParts<Value: Sendable>: Sendable {
  private let parts = Mutex<[Result<Value, any Error>?]>([])

  /// The part of a task; `nil` if it was not collected.
  subscript(slot: Int) -> Result<Value, any Error>? {
    parts.withLock { $0.indices.contains(slot) ? $0[slot] : nil }
  }

  /// Reads a part unless it is there.
  func collect(_ slot: Int, of total: Int, _ read: () throws -> Value) {
    // Under the lock, because whoever reads it a second time finds nothing.
    parts.withLock { parts in
      if parts.isEmpty { parts = Array(repeating: nil, count: total) }
      guard parts[slot] == nil else { return }
      parts[slot] = Result { try read() }
    }
  }
}
