import Synchronization

/// The result of a call, which may still be running.
///
/// A call has one or more tasks: one for each engine in a direct view, one for each chunk in a map. ``value`` waits for
/// all of them. A result that is a list is also an `AsyncSequence` of its elements, in order, each available as soon as
/// its task has finished; ``asCompleted`` gives them in the order in which their tasks finish.
///
/// ```swift
/// let result = try client[...].apply(square, 7)
/// print(result.progress)
/// let squares = try await result.value
/// ```
/// Of a map with more chunks than its window, each reply is let go once it is read, so that memory doesn't grow with the
/// number of chunks: `for await` hands each element out once, at the reader's pace, and ``value`` keeps the values alone.
/// Elements that `for await` has handed out are not in ``value`` any more, which then fails with
/// ``ClientError/Code/alreadyRead``. Smaller maps and all other calls can be read again and again.
///
/// Once somebody has begun to read a result with `for await` and left early, the tasks that have not started are aborted when
/// the last copy of the result is gone, and those that run are cancelled if the view's `cancelsRunning` says so.
///
/// A result keeps its client open.
public struct AsyncResult<Value: Sendable>: Sendable {
  let client: Client
  let state: ResultState
  let shape: ResultShape<Value>
  /// What was read by somebody who waits for everything, of a call with too many replies to keep.
  let collected: CollectedParts<Value>?

  /// Who reads the elements one after the other; `nil` if it is not a list of a view.
  let readers: ResultReaders?

  /// Where tasks' outcomes may be that were collected for another result with the same tasks.
  let elsewhere: (@Sendable (_ slot: Int) -> Result<Void, any Error>?)?

  init(
    client: Client, state: ResultState, shape: ResultShape<Value>, readers: ResultReaders? = nil,
    elsewhere: (@Sendable (_ slot: Int) -> Result<Void, any Error>?)? = nil
  ) {
    self.client = client
    self.state = state
    self.shape = shape
    self.readers = readers
    self.elsewhere = elsewhere
    collected = state.isStreamed ? CollectedParts() : nil
  }

  /// The value; waits until every task has finished.
  ///
  /// If the waiting task is cancelled, the tasks that have not started are aborted, as by ``cancel(running:endingEngineAfter:)``, and those
  /// that run if the view's `cancelsRunning` says so.
  ///
  /// - Throws: if the call has one task, what made it fail: the function's own error if it is `Codable` and this program has
  ///   its type, ``RemoteError``, ``EngineError``, ``TaskAborted``, ``ClientError`` or, after several attempts,
  ///   ``AttemptsFailed``; if it has several,
  ///   ``CompositeError``. `CancellationError`.
  public var value: Value {
    get async throws {
      try await abortingOnCancel {
        if collected == nil { try await state.wait(for: .all) } else { try await waitForAll() }
      }
      return try assemble()
    }
  }

  /// The value; waits for a limited time. The tasks go on after a timeout.
  ///
  /// - Parameter timeout: how long to wait. Zero or less means not at all: the value is returned if it is there.
  /// - Throws: as ``value``, and ``ClientError/Code/timeout``.
  public func value(timeout: Duration) async throws -> Value {
    try await abortingOnCancel { try await wait(for: .all, timeout: timeout) }
    return try assemble()
  }

  /// Waits until every task has finished, successfully or not.
  ///
  /// - Parameter timeout: how long to wait. Zero or less means not at all.
  /// - Returns: false if tasks are still unfinished after the timeout.
  /// - Throws: `CancellationError`.
  public func wait(timeout: Duration) async throws -> Bool {
    do {
      try await wait(for: .all, timeout: timeout)
      return true
    } catch let error as ClientError where error.code == .timeout {
      return false
    }
  }

  /// Each task's part of the value or the error that made it fail; waits until every task has finished.
  ///
  /// - Throws: `CancellationError`.
  public var outcomes: [Result<Value, any Error>] {
    get async throws {
      try await abortingOnCancel { try await waitForAll() }
      return (0..<state.total).map { slot in Result { try part(slot) } }
    }
  }

  /// The value; aborts and interrupts the tasks, as ``cancel(running:endingEngineAfter:)`` does, if they take too long.
  ///
  /// - Parameter timeout: how long the tasks may take from now on.
  /// - Throws: as ``value``, and ``ClientError/Code/timeout`` at the end of the time, without waiting for the
  ///   interrupted tasks to end.
  public func value(cancellingAfter timeout: Duration) async throws -> Value {
    do {
      try await abortingOnCancel { try await wait(for: .all, timeout: timeout) }
    } catch let error as ClientError where error.code == .timeout {
      cancel(running: true)
      throw ClientError(.timeout, "\(error.message); the others are cancelled")
    }
    return try assemble()
  }

  /// The value with all output, as far as it contains any; waits for both.
  ///
  /// If the waiting task is cancelled, the tasks are aborted and interrupted: nobody else can have an interest in them.
  func valueWithOutput() async throws -> Value {
    try await withTaskCancellationHandler {
      try await state.wait(for: .all)
      // Of tasks that have failed, the output would be dropped.
      _ = try assemble()
      try await waitForOutput()
    } onCancel: {
      cancel(running: true)
    }
    return try assemble()
  }

  /// Aborts the tasks that have not started, which then fail with ``TaskAborted``.
  ///
  /// Returns at once. ``Client/abort(_:running:endingEngineAfter:)`` waits until the engines have acknowledged.
  ///
  /// - Parameters:
  ///   - running: whether tasks that run are stopped, too. A Swift function sees it in `Task.isCancelled`, and by
  ///     `try Task.checkCancellation()`; one that ends with a `CancellationError` fails with a ``RemoteError`` of that name, one
  ///     that returns delivers its result. Python code fails with `KeyboardInterrupt`. Tasks on ipyparallel's engines go on.
  ///   - patience: how long what runs may go on before its engine is ended: a function that doesn't look whether it was
  ///     cancelled can only be stopped together with its process. Its task fails with ``EngineError``, and a cluster that restarts
  ///     engines replaces the engine. Zero ends it at once. By default as long as the view's `endsEngineAfter` says, or else the
  ///     engine, which waits for 5 s. Of several calls the one with the least patience counts.
  public func cancel(running: Bool = false, endingEngineAfter patience: Duration? = nil) {
    client.abort(state.cancel(), running: running, patience: patience)
  }

  /// Whether every task has finished.
  public var isDone: Bool { progress.isComplete }

  /// How many of the tasks have finished.
  public var progress: TaskProgress { state.progress }

  /// The progress from now on; ends when the last task has finished. A slow reader skips intermediate values.
  public var progressUpdates: AsyncStream<TaskProgress> { state.progressStream() }

  /// The ids of the requests sent so far, in the order of the tasks. A map with more chunks than its window sends the
  /// later ones as it goes on, and forgets those whose replies were read.
  public var msgIDs: [String] {
    state.storage.withLock { state in state.tasks.indices.map { state.tasks.read($0) { $0.id } }.filter { !$0.isEmpty }
    }
  }

  /// The same call without its value, for callers that only want to know whether it succeeded.
  public var discardingValue: AsyncResult<Void> {
    AsyncResult<Void>(client: client, state: state, shape: .nothing, readers: readers) { [collected, elsewhere] slot in
      collected?[slot]?.map { _ in } ?? elsewhere?(slot)
    }
  }

  /// What engines have reported about the tasks that have failed so far, in the order of the tasks. If a function throws an
  /// error whose type this program has, a result throws that error; this is its context.
  public var remoteErrors: [RemoteError] {
    (0..<state.total).compactMap { slot in
      if case .failure(let error)? = collected?[slot] {
        return error as? RemoteError ?? (error as? AttemptsFailed)?.context
      }
      let task = state.storage.withLock { $0.tasks[slot] }
      guard let reply = try? task.outcome?.get() else { return nil }
      return reply.failure(id: task.id, method: state.method, engineID: client.engineID) as? RemoteError
    }
  }

  /// Waits until every task has finished. If there are too many replies to keep, takes their values as they come.
  private func waitForAll() async throws {
    // A caller that only wants to know whether the call has succeeded leaves the values to others.
    guard let collected, Value.self != Void.self else { return try await state.wait(for: .all) }
    try await state.collecting {
      var taken = 0
      while taken < state.total {
        // A batch at a time wakes this task rarely.
        try await state.wait(for: .completions(taken + Self.batch))
        let slots = state.storage.withLock { [taken] in Array($0.completed[taken...]) }
        for slot in slots {
          collected.collect(slot, of: state.total) { try read(slot) }
          state.didRead(slot)
        }
        taken += slots.count
      }
    }
  }

  private static var batch: Int { 256 }

  /// Waits until a condition holds, for a limited time.
  ///
  /// - Throws: ``ClientError/Code/timeout``, `CancellationError`.
  func wait(for condition: ResultState.Condition, timeout: Duration) async throws {
    let state = state
    // A result that is there counts, however short the timeout.
    if state.isMet(condition) { return }
    try await withTimeout(timeout) {
      if condition == .all { try await waitForAll() } else { try await state.wait(for: condition) }
    } onTimeout: {
      let progress = state.progress
      return ClientError(
        .timeout,
        "\(state.method) has not finished within \(timeout.boundedWait): \(progress.done) of \(progress.total) tasks "
          + "have")
    }
  }

  func abortingOnCancel(_ wait: () async throws -> Void) async throws {
    try await withTaskCancellationHandler(operation: wait, onCancel: { cancel(running: state.cancelsRunning) })
  }
}
