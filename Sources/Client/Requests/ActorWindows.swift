import Synchronization

/// Limits how many of a client's calls to an actor are unanswered: the next one waits for its turn.
package final class ActorWindows: Sendable {
  /// The calls that are counted together.
  package struct Key: Hashable, Sendable {
    private let type: String
    private let number: Int
    private let place: String
    private let task: String?

    /// - Parameters:
    ///   - type: the actor's type.
    ///   - number: its number.
    ///   - place: where it lives.
    ///   - task: the task on an engine that makes the calls; `nil` elsewhere. Tasks are counted by themselves, because one may
    ///     wait for another.
    package init(type: String, number: Int, place: String, task: String?) {
      (self.type, self.number, self.place, self.task) = (type, number, place, task)
    }
  }

  private typealias Window = CallWindow<CheckedContinuation<Void, any Error>>

  private struct State: Sendable {
    var limit = 1000
    /// Those with unanswered calls.
    var windows: [Key: Window] = [:]

    mutating func takeReady(_ key: Key) -> [CheckedContinuation<Void, any Error>] {
      let ready = windows[key]?.takeReady(limit: limit) ?? []
      if let window = windows[key], window.openCount == 0, window.waitingCount == 0 { windows[key] = nil }
      return ready
    }
  }

  private let state = Mutex(State())

  /// How many calls may be unanswered, at least one.
  var limit: Int {
    get { state.withLock { $0.limit } }
    set {
      let ready = state.withLock { state in
        state.limit = max(newValue, 1)
        return state.windows.keys.flatMap { state.takeReady($0) }
      }
      for waiter in ready { waiter.resume() }
    }
  }

  /// How many calls are unanswered, and how many wait for their turn, over all actors.
  package var counts: (open: Int, waiting: Int) {
    state.withLock { state in
      state.windows.values.reduce(into: (0, 0)) { $0 = ($0.0 + $1.openCount, $0.1 + $1.waitingCount) }
    }
  }

  /// Makes a call when it is its turn.
  ///
  /// - Throws: what the call throws; `CancellationError` if the task is cancelled before its turn.
  package func call<Output>(_ key: Key, _ body: () async throws -> Output) async throws -> Output {
    if !(state.withLock { state in state.windows[key, default: Window()].begin(limit: state.limit) }) {
      try await turn(key)
    }
    defer { end(key) }
    return try await body()
  }

  private func turn(_ key: Key) async throws {
    let ticket = Mutex<Int?>(nil)
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let result: Result<Void, any Error>? = state.withLock { state in
          if state.windows[key, default: Window()].begin(limit: state.limit) { return .success(()) }
          // The cancellation handler either finds the ticket or has run already. In that case the task is cancelled.
          if Task.isCancelled { return .failure(CancellationError()) }
          ticket.withLock { $0 = state.windows[key, default: Window()].wait(continuation) }
          return nil
        }
        if let result { continuation.resume(with: result) }
      }
    } onCancel: {
      let waiter = state.withLock { state in ticket.withLock { $0 }.flatMap { state.windows[key]?.cancel($0) } }
      waiter?.resume(throwing: CancellationError())
    }
  }

  private func end(_ key: Key) {
    let ready = state.withLock { state in
      state.windows[key]?.end()
      return state.takeReady(key)
    }
    for waiter in ready { waiter.resume() }
  }
}

extension Client {
  /// How many calls to an actor this client may have unanswered. Further ones wait in their tasks for an answer to one of these:
  /// whoever calls an actor faster than it works waits for it, and neither the actor's engine nor
  /// the controller keeps more than so many of its messages. Default 1,000; at least one. May be changed at any time.
  ///
  /// Each client counts by itself, and so does each task on an engine that calls an actor of another one, with 1,000.
  public var actorWindow: Int {
    get { actorWindows.limit }
    set { actorWindows.limit = newValue }
  }
}
