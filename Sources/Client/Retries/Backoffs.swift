import Synchronization

/// The tasks of a client that wait for their next attempt: they end with it.
final class Backoffs: Sendable {
  private struct State: Sendable {
    var waiting: [UInt64: ResultSlot] = [:]
    var next: UInt64 = 0
    var closing: ClientError?
  }

  private let state = Mutex(State())

  /// How many tasks wait.
  var count: Int { state.withLock { $0.waiting.count } }

  /// A task begins to wait.
  ///
  /// - Throws: why the client was closed, if it was.
  func add(_ slot: ResultSlot) throws(ClientError) -> UInt64 {
    let ticket: Result<UInt64, ClientError> = state.withLock { state in
      if let closing = state.closing { return .failure(closing) }
      state.next += 1
      state.waiting[state.next] = slot
      return .success(state.next)
    }
    return try ticket.get()
  }

  /// A task doesn't wait any more.
  func remove(_ ticket: UInt64) { state.withLock { _ = $0.waiting.removeValue(forKey: ticket) } }

  /// The client closes.
  ///
  /// - Returns: the tasks that waited.
  func close(_ reason: ClientError) -> [ResultSlot] {
    state.withLock { state in
      state.closing = state.closing ?? reason
      defer { state.waiting = [:] }
      return Array(state.waiting.values)
    }
  }
}
