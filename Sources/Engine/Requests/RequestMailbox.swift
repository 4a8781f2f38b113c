import Synchronization

/// Hands requests from the threads that receive them to the ``RequestRunner``: a ``RequestQueue`` behind a mutex.
///
/// The runner takes the next request itself when it has finished one, without involving the I/O loop.
final class RequestMailbox<Item: Sendable>: Sendable {
  private struct State {
    var queue = RequestQueue<Item>()
    /// The runner, suspended in ``RequestMailbox/next()``.
    var waitingRunner: CheckedContinuation<Item?, Never>?
    /// A request that became the running one before the runner called ``RequestMailbox/next()``.
    var first: Item?
    var isClosed = false
    var observer: StartObserver?
    /// Whether the observer was called and has not yet seen the runner idle.
    var isObserved = false

    /// Returns the observer if it has to be called.
    mutating func beginObserving() -> StartObserver? {
      guard let observer, !isObserved else { return nil }
      isObserved = true
      return observer
    }
  }

  /// Called when the runner becomes busy. A struct, because an optional closure would be wrapped anew by each access.
  private struct StartObserver {
    let call: @Sendable () -> Void
  }

  private let state = Mutex(State())

  /// Adds a request. If nothing is running, the runner gets it at once.
  func add(_ item: Item, id: String) -> RequestQueue<Item>.Arrival { submit { $0.add(item, id: id) } }

  /// Adds a control request, which runs right after the current request.
  func addNext(_ item: Item) -> RequestQueue<Item>.Arrival { submit { $0.addNext(item) } }

  /// Aborts requests; see ``RequestQueue/abort(_:)`` and, without ids, ``RequestQueue/abortAll()``.
  func abort(_ ids: [String]?) -> [Item] {
    state.withLock { state in ids.map { state.queue.abort($0) } ?? state.queue.abortAll() }
  }

  /// Removes waiting requests; see ``RequestQueue/withdraw(_:)``.
  func withdraw(_ isWithdrawn: @Sendable (Item) -> Bool) -> [Item] { state.withLock { $0.queue.withdraw(isWithdrawn) } }

  /// Sets a closure to be called when the runner becomes busy. It is called again only after ``runningNumber()`` has
  /// returned `nil`.
  func onStart(_ call: @escaping @Sendable () -> Void) { state.withLock { $0.observer = StartObserver(call: call) } }

  /// The number of the running request; `nil` when none runs.
  func runningNumber() -> Int? {
    state.withLock { state in
      let number = state.queue.runningNumber
      if number == nil { state.isObserved = false }
      return number
    }
  }

  /// The running request; see ``RequestQueue/runningItem``.
  var running: Item? { state.withLock { $0.queue.runningItem } }

  /// The requests that run or wait; see ``RequestQueue/all``.
  var requests: [Item] { state.withLock { $0.queue.all } }

  /// Whether no request runs or waits.
  var isIdle: Bool { state.withLock { $0.queue.runningNumber == nil } }

  /// Ends the running request.
  ///
  /// - Returns: the next request, if one is waiting.
  func finish() -> Item? { state.withLock { $0.isClosed ? nil : $0.queue.finish() } }

  /// Waits for a request while none is queued.
  ///
  /// - Returns: `nil` after ``close()``.
  nonisolated(nonsending) func next() async -> Item? {
    await withCheckedContinuation { continuation in
      let ready: Item?? = state.withLock { state in
        if state.isClosed { return .some(nil) }
        if let first = state.first {
          state.first = nil
          return first
        }
        state.waitingRunner = continuation
        return .none
      }
      if let ready { continuation.resume(returning: ready) }
    }
  }

  /// Ends the runner after its current request. Requests that wait or come later never run.
  ///
  /// Their senders get no answer from the engine: once the hub has unregistered it, the schedulers run its tasks
  /// elsewhere or answer with an `EngineError`.
  func close() {
    let runner = state.withLock { state in
      state.isClosed = true
      state.first = nil
      state.queue = RequestQueue()
      defer { state.waitingRunner = nil }
      return state.waitingRunner
    }
    runner?.resume(returning: nil)
  }

  private func submit(_ add: (inout RequestQueue<Item>) -> RequestQueue<Item>.Arrival) -> RequestQueue<Item>.Arrival {
    let (arrival, runner, observer) = state.withLock { state in
      guard !state.isClosed else {
        return (RequestQueue<Item>.Arrival.wait, CheckedContinuation<Item?, Never>?.none, StartObserver?.none)
      }
      let arrival = add(&state.queue)
      guard case .run(let item) = arrival else { return (arrival, nil, nil) }
      let runner = state.waitingRunner
      state.waitingRunner = nil
      if runner == nil { state.first = item }
      return (arrival, runner, state.beginObserving())
    }
    if case .run(let item) = arrival { runner?.resume(returning: item) }
    observer?.call()
    return arrival
  }
}
