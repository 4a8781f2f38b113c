import Synchronization

/// Where the I/O loop leaves requests and the worker takes them: the shell queue behind a mutex.
///
/// The worker takes the next request by itself when it has finished one, without a detour over the loop.
final class ShellDesk<Item: Sendable>: Sendable {
  private struct State {
    var queue = ShellQueue<Item>()
    var waitingWorker: CheckedContinuation<Item?, Never>?
    var first: Item?
    var isClosed = false
    var watch: Watch?
    /// On while the watch looks at what runs.
    var isWatched = false

    /// Begins to watch if that was asked for and isn't done.
    mutating func beginWatch() -> Watch? {
      guard let watch, !isWatched else { return nil }
      isWatched = true
      return watch
    }
  }

  /// Who looks after requests that run for long. A struct: a closure of its own would be wrapped anew by each access.
  private struct Watch {
    let begin: @Sendable () -> Void
  }

  private let state = Mutex(State())

  /// A request came in; one that can run is handed to the worker.
  func add(_ item: Item, id: String) -> ShellQueue<Item>.Arrival { submit { $0.add(item, id: id) } }

  /// A control request came in that runs after the present task.
  func addNext(_ item: Item) -> ShellQueue<Item>.Arrival { submit { $0.addNext(item) } }

  /// Aborts requests; see ``ShellQueue/abort(_:)`` and, without ids, ``ShellQueue/abortAll()``.
  func abort(_ ids: [String]?) -> [Item] {
    state.withLock { state in ids.map { state.queue.abort($0) } ?? state.queue.abortAll() }
  }

  /// Forgets requests that wait; see ``ShellQueue/withdraw(_:)``.
  func withdraw(_ isWithdrawn: @Sendable (Item) -> Bool) -> [Item] { state.withLock { $0.queue.withdraw(isWithdrawn) } }

  /// Has a closure called when a request begins, unless the requests are watched already: from then until
  /// ``runningNumber()`` gives `nil`.
  func watch(_ begin: @escaping @Sendable () -> Void) { state.withLock { $0.watch = Watch(begin: begin) } }

  /// The number of the request that runs; `nil` ends the watch.
  func runningNumber() -> Int? {
    state.withLock { state in
      let number = state.queue.runningNumber
      if number == nil { state.isWatched = false }
      return number
    }
  }

  /// The worker has finished a request.
  ///
  /// - Returns: the next one, if one waits.
  func finish() -> Item? { state.withLock { $0.isClosed ? nil : $0.queue.finish() } }

  /// Waits for a request while none is queued.
  ///
  /// - Returns: `nil` after ``close()``.
  func next() async -> Item? {
    await withCheckedContinuation { continuation in
      let ready: Item?? = state.withLock { state in
        if state.isClosed { return .some(nil) }
        if let first = state.first {
          state.first = nil
          return first
        }
        state.waitingWorker = continuation
        return .none
      }
      if let ready { continuation.resume(returning: ready) }
    }
  }

  /// Ends the worker after what it is doing.
  func close() {
    let worker = state.withLock { state in
      state.isClosed = true
      defer { state.waitingWorker = nil }
      return state.waitingWorker
    }
    worker?.resume(returning: nil)
  }

  private func submit(_ add: (inout ShellQueue<Item>) -> ShellQueue<Item>.Arrival) -> ShellQueue<Item>.Arrival {
    let (arrival, worker, watch) = state.withLock { state in
      let arrival = add(&state.queue)
      guard case .run(let item) = arrival else {
        return (arrival, CheckedContinuation<Item?, Never>?.none, Watch?.none)
      }
      let worker = state.waitingWorker
      state.waitingWorker = nil
      if worker == nil { state.first = item }
      return (arrival, worker, state.beginWatch())
    }
    if case .run(let item) = arrival { worker?.resume(returning: item) }
    watch?.begin()
    return arrival
  }
}
