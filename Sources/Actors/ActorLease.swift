import MartletClient
import Synchronization

/// Keeps an actor on an engine alive. When nothing refers to it any more, the actor is released.
final class ActorLease: Sendable {
  private struct State: Sendable {
    var end: ActorTerminated?
    var nextWatcher = 0
    var watchers: [Int: AsyncStream<ActorTerminated>.Continuation] = [:]
  }

  /// The actor, without this.
  private let id: RemoteActorID
  private let client: Client
  private let state = Mutex(State())

  init(_ id: RemoteActorID, _ client: Client) {
    self.id = id
    self.client = client
  }

  deinit {
    // A failure means that the engine or the client is gone, and the actor with it.
    if end == nil { _ = try? client.send(.release(id), to: id, method: "release") }
  }

  /// Why the actor has ended; `nil` if it hasn't, as far as is known.
  var end: ActorTerminated? { state.withLock { $0.end } }

  /// The actor has ended.
  func end(with end: ActorTerminated) {
    let watchers = state.withLock { state in
      state.end = state.end ?? end
      defer { state.watchers = [:] }
      return state.watchers.values
    }
    for watcher in watchers {
      watcher.yield(end)
      watcher.finish()
    }
  }

  /// Gives the reason when the actor has ended.
  func ends() -> AsyncStream<ActorTerminated> {
    let (stream, continuation) = AsyncStream.makeStream(of: ActorTerminated.self)
    let (end, number) = state.withLock { state in
      state.nextWatcher += 1
      if state.end == nil { state.watchers[state.nextWatcher] = continuation }
      return (state.end, state.nextWatcher)
    }
    if let end {
      continuation.yield(end)
      continuation.finish()
    } else {
      continuation.onTermination = { [weak self] _ in self?.forget(number) }
    }
    return stream
  }

  private func forget(_ number: Int) { _ = state.withLock { $0.watchers.removeValue(forKey: number) } }
}
