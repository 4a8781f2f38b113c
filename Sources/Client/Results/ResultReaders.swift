import Synchronization

/// Those who hold a result: if one of them has begun to read it with `for await` and all are gone before the end, nobody
/// waits for the rest, and it is aborted.
final class ResultReaders: Sendable {
  private let client: Client
  private let state: ResultState
  private let hasBegun = Atomic(false)

  init(_ client: Client, _ state: ResultState) {
    self.client = client
    self.state = state
  }

  /// Somebody begins to read the elements one after the other.
  func begin() { hasBegun.store(true, ordering: .relaxed) }

  deinit {
    guard hasBegun.load(ordering: .relaxed) else { return }
    let rest = state.cancel()
    if !rest.isEmpty { client.abort(rest, running: state.cancelsRunning) }
  }
}
