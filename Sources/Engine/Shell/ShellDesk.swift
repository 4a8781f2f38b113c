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
    let (arrival, worker) = state.withLock { state in
      let arrival = add(&state.queue)
      guard case .run(let item) = arrival else { return (arrival, CheckedContinuation<Item?, Never>?.none) }
      let worker = state.waitingWorker
      state.waitingWorker = nil
      if worker == nil { state.first = item }
      return (arrival, worker)
    }
    if case .run(let item) = arrival { worker?.resume(returning: item) }
    return arrival
  }
}
