import MartletZeroMQ
import Synchronization

/// Runs requests beside one another, each in a Swift task of its own, on the engine's worker thread: ``ConcurrentCalls`` with
/// their tasks.
final class ConcurrentRequests: Sendable {
  private struct State {
    var calls = ConcurrentCalls<Request>()
    /// The tasks by the requests' ids.
    var tasks: [String: Task<Void, Never>] = [:]
    /// The runner, which waits.
    var runner: CheckedContinuation<Void, Never>?
    var isCancelled = false
  }

  private let state = Mutex(State())

  /// The requests that run.
  var running: [Request] { state.withLock { $0.calls.all } }

  /// The ids of the task scheduler's tasks that run, and which attempt at each.
  var attempts: [String: Int] {
    Dictionary(running.lazy.filter(\.isTask).map { ($0.id, $0.metadata.attempt) }) { $1 }
  }

  /// How many run.
  var count: Int { state.withLock { $0.tasks.count } }

  /// Whether none runs.
  var isIdle: Bool { state.withLock { $0.calls.isEmpty } }

  /// Waits until there is what the runner needs.
  nonisolated(nonsending) func wait(for need: ConcurrentCalls<Request>.Need) async {
    guard !isMet(need) else { return }
    await withCheckedContinuation { continuation in
      let mustWait = state.withLock { state in
        guard state.calls.wait(for: need) else { return false }
        state.runner = continuation
        return true
      }
      if !mustWait { continuation.resume() }
    }
  }

  private func isMet(_ need: ConcurrentCalls<Request>.Need) -> Bool { need == .quiet && isIdle }

  /// Starts a request.
  ///
  /// - Parameters:
  ///   - function: the name of what it calls.
  ///   - executor: runs its task.
  func start(
    _ request: Request, of function: String, on executor: any TaskExecutor, _ body: @escaping @Sendable () async -> Void
  ) {
    state.withLock { state in
      let number = state.calls.begin(request, of: function)
      let task = Task(executorPreference: executor) {
        await body()
        self.ended(request, number)
      }
      if state.isCancelled { task.cancel() }
      state.tasks[request.id] = task
    }
  }

  private func ended(_ request: Request, _ number: Int) {
    let runner = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.tasks[request.id] = nil
      guard state.calls.end(number) else { return nil }
      defer { state.runner = nil }
      return state.runner
    }
    runner?.resume()
  }

  /// Calls a closure when all have ended that run now.
  func afterRunning(_ body: @escaping @Sendable () -> Void) {
    let tasks = state.withLock { Array($0.tasks.values) }
    Task {
      for task in tasks { await task.value }
      body()
    }
  }

  /// Tells a request to stop, and cancels its task.
  ///
  /// - Returns: false if it was told before; `nil` if it doesn't run here.
  func stop(_ request: Request, _ reason: RequestStage.Stop) -> Bool? {
    let found = state.withLock { state in state.tasks[request.id].map { (request.stage.stop(reason), $0) } }
    guard let (isNew, task) = found else { return nil }
    if isNew { task.cancel() }
    return isNew
  }

  /// Cancels the task of a request that was told to stop, if it runs here.
  func cancel(_ request: Request) { state.withLock { $0.tasks[request.id] }?.cancel() }

  /// Cancels all, because the engine leaves.
  func cancel() {
    let tasks = state.withLock { state in
      state.isCancelled = true
      return Array(state.tasks.values)
    }
    for task in tasks { task.cancel() }
  }
}
