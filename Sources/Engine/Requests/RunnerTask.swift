import Synchronization

/// The Swift task in which an engine's requests run. It serves any number of them, so that a request costs no task of its
/// own; only one that was cancelled ends with the request it ran, and another goes on.
final class RunnerTask: Sendable {
  /// Runs requests until the engine leaves, or one that ran in this task was told to stop.
  ///
  /// Gets what an earlier task has left, and returns what it leaves to the next; `nil` at the end.
  typealias Body = @Sendable (RequestRunner.Handover) async -> RequestRunner.Handover?

  private struct State {
    var task: Task<Void, Never>?
    var isCancelled = false
  }

  private let state = Mutex(State())

  /// Starts to run requests on an executor.
  ///
  /// - Parameter atEnd: called once when the body has returned `nil`.
  func start(
    on executor: any TaskExecutor, _ body: @escaping Body, atEnd: @escaping @Sendable () -> Void
  ) {
    run(RequestRunner.Handover(), on: executor, body, atEnd)
  }

  /// Tells a request to stop and, if it runs in Swift, cancels its task.
  ///
  /// - Returns: false if it has ended, or was told before.
  func stop(_ request: Request, _ reason: RequestStage.Stop) -> Bool {
    // While the request runs, the task is its own: it is replaced under this lock, and only after a request that was told to
    // stop has ended.
    let (isNew, task) = state.withLock { state in
      request.stage.stop(reason) ? (true, state.task) : (false, nil)
    }
    // Outside the lock, because this calls the cancellation handlers of the function.
    task?.cancel()
    return isNew
  }

  /// Cancels the task for good, because the engine leaves.
  func cancel() {
    let task = state.withLock { state in
      state.isCancelled = true
      return state.task
    }
    task?.cancel()
  }

  private func run(
    _ start: RequestRunner.Handover, on executor: any TaskExecutor, _ body: @escaping Body,
    _ atEnd: @escaping @Sendable () -> Void
  ) {
    state.withLock { state in
      let task = Task(executorPreference: executor) {
        if let rest = await body(start) { self.run(rest, on: executor, body, atEnd) } else { atEnd() }
      }
      if state.isCancelled { task.cancel() }
      state.task = task
    }
  }
}
