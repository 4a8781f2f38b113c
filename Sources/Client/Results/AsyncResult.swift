import MartletWire
import Synchronization

/// The result of a call that may still be running.
///
/// A call has one or more tasks: a direct view one per engine, a map one per chunk. ``value`` waits for all of them; a
/// result that is a list is also an `AsyncSequence` of its elements, in order, as soon as they are known.
public struct AsyncResult<Value: Sendable>: Sendable {
  let client: Client
  let state: ResultState
  let shape: ResultShape<Value>

  /// The value, when every task is done.
  ///
  /// Cancelling the waiting task aborts what has not run, as ``cancel()`` does.
  ///
  /// - Throws: for a call with one task its own failure: ``RemoteError``, ``EngineError``, ``TaskAborted`` or
  ///   ``ClientError``; for several ``CompositeError``; `CancellationError`.
  public var value: Value {
    get async throws {
      try await abortingOnCancel { try await state.wait(for: .all) }
      return try assemble()
    }
  }

  /// The value, waiting no longer than a given time. The work goes on after a timeout.
  ///
  /// - Throws: as ``value``, and ``ClientError/Code/timeout``.
  public func value(timeout: Duration) async throws -> Value {
    try await abortingOnCancel { try await wait(for: .all, timeout: timeout) }
    return try assemble()
  }

  /// Waits until every task is done, successfully or not.
  ///
  /// - Returns: whether that was within the timeout.
  public func wait(timeout: Duration) async throws -> Bool {
    do {
      try await wait(for: .all, timeout: timeout)
      return true
    } catch let error as ClientError where error.code == .timeout {
      return false
    }
  }

  /// Each task's part of the value, or why it failed, when every task is done.
  ///
  /// - Throws: `CancellationError` only.
  public var outcomes: [Result<Value, any Error>] {
    get async throws {
      try await abortingOnCancel { try await state.wait(for: .all) }
      return (0..<state.total).map { slot in Result { try part(slot) } }
    }
  }

  /// Aborts the tasks that have not run; those running go on. Awaiting the result then throws ``TaskAborted`` for them.
  public func cancel() { client.abort(state.cancel()) }

  /// Whether every task is done.
  public var isDone: Bool { progress.isComplete }

  /// How many of the tasks are done.
  public var progress: TaskProgress { state.progress }

  /// The progress from now on; ends with the last task.
  public var progressUpdates: AsyncStream<TaskProgress> { state.progressStream() }

  /// The ids of the requests sent so far, in the order of the tasks. A bounded map sends later ones as it goes on.
  public var msgIDs: [String] {
    state.storage.withLock { $0.tasks.lazy.map(\.id).filter { !$0.isEmpty } }
  }

  /// The same result for callers who want to know only that it succeeded: the value is not read.
  public var discardingValue: AsyncResult<Void> { AsyncResult<Void>(client: client, state: state, shape: .nothing) }

  /// A task's part of the value.
  func part(_ slot: Int) throws -> Value {
    let record = state.storage.withLock { $0.tasks[slot] }
    guard let outcome = record.outcome else {
      throw ClientError(.timeout, "task \(slot) of \(state.method) is not done")
    }
    let reply = try outcome.get()
    if let failure = reply.failure(id: record.id, method: state.method, engineID: client.engineID) { throw failure }
    return try shape.part(reply)
  }

  /// Waits for a part of the work.
  ///
  /// - Throws: ``ClientError/Code/timeout``, `CancellationError`.
  func wait(for condition: ResultState.Condition, timeout: Duration) async throws {
    let state = state
    try await withTimeout(timeout) {
      try await state.wait(for: condition)
    } onTimeout: {
      let progress = state.progress
      return ClientError(
        .timeout, "\(state.method) is not done after \(timeout): \(progress.done) of \(progress.total) tasks are")
    }
  }

  func abortingOnCancel(_ wait: () async throws -> Void) async throws {
    try await withTaskCancellationHandler(operation: wait, onCancel: { cancel() })
  }

  private func assemble() throws -> Value {
    guard let join = shape.join else { return try part(0) }
    var parts: [Value] = []
    var failures: [CompositeError.Failure] = []
    parts.reserveCapacity(state.total)
    for slot in 0..<state.total {
      do {
        parts.append(try part(slot))
      } catch {
        if state.total == 1 { throw error }
        failures.append(CompositeError.Failure(index: slot, engineID: metadata(of: slot).engineID, error: error))
      }
    }
    guard failures.isEmpty else {
      throw CompositeError(method: state.method, total: state.total, failures: failures)
    }
    return try join(parts)
  }
}

/// Runs an operation for a limited time.
///
/// - Throws: what the operation throws, or the error given for a timeout.
func withTimeout<Success: Sendable>(
  _ timeout: Duration, _ operation: @escaping @Sendable () async throws -> Success,
  onTimeout: @Sendable () -> ClientError
) async throws -> Success {
  try await withThrowingTaskGroup(of: Success?.self) { group in
    group.addTask { try await operation() }
    group.addTask {
      try await Task.sleep(for: timeout)
      return nil
    }
    defer { group.cancelAll() }
    guard let first = try await group.next(), let success = first else { throw onTimeout() }
    return success
  }
}
