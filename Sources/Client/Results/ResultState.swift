import MartletWire
import Synchronization

/// The state of a call's tasks. The event loop fills it; any thread reads it.
final class ResultState: Sendable {
  /// How many tasks the call has.
  let total: Int
  /// What was called, for error messages.
  let method: String
  /// The text the caller attached to the tasks.
  let label: String?
  /// Whether replies are let go once they are read, because there may be too many to keep.
  let isStreamed: Bool
  /// Whether what ends the wait for the tasks also cancels those that run.
  let cancelsRunning: Bool
  /// Tries tasks again that have failed; `nil` if nothing does.
  let retries: TaskRetries?
  /// What the call has to do with references; `nil` if nothing.
  let references: ReferenceUse?
  /// Traces the requests; `nil` if nobody wants to know.
  let trace: CallTrace?
  let storage: Mutex<Storage>

  struct Waiter: Sendable {
    let id: UInt64
    let condition: Condition
    let continuation: CheckedContinuation<Void, any Error>
  }

  struct Storage: Sendable {
    var tasks: TaskTable
    /// The finished tasks in the order in which they finished.
    var completed: [Int] = []
    var submittedCount = 0
    /// How many tasks were read and let go.
    var readCount = 0
    /// How many iterators are reading.
    var readers = 0
    /// How many callers wait for all tasks.
    var collectors = 0
    var firstSubmitted: Timestamp?
    var lastReceived: Timestamp?
    /// How long the engines have spent on the tasks that were let go.
    var readSerialTime = Duration.zero
    var isCancelled = false
    var pendingOutputs = 0
    var outputs: [Int: TaskOutput] = [:]
    var waiters: [Waiter] = []
    var nextWaiter: UInt64 = 0
    var progressStreams: [AsyncStream<TaskProgress>.Continuation] = []
    var lineFeeds: [LineFeed] = []
    var reportStreams: [AsyncStream<ProgressReport>.Continuation] = []
    /// Fetches the results of requests that other clients have sent; cancelled when nothing refers to the result.
    var poller: Task<Void, Never>?

    /// Whether somebody reads a stream of what happens to the tasks.
    var isObserved: Bool { !progressStreams.isEmpty || !lineFeeds.isEmpty || !reportStreams.isEmpty }

    init(count: Int) { tasks = TaskTable(count: count) }

    /// How many tasks are submitted and not done with: unread ones count if nothing but reading makes them fewer.
    var outstandingCount: Int { submittedCount - (readers > 0 && collectors == 0 ? readCount : completed.count) }
  }

  /// What a caller can wait for.
  enum Condition: Sendable, Hashable {
    /// Every task has finished.
    case all
    /// One task has finished.
    case task(Int)
    /// This many tasks have finished.
    case completions(Int)
    /// Fewer tasks than this are submitted and unfinished, or unread if somebody reads one after the other.
    case outstanding(below: Int)
    /// Every task has finished and its output is complete.
    case output
  }

  /// - Parameter window: how many of the tasks are sent at once. If there are more, replies are let go once they are read.
  init(
    total: Int, method: String, label: String? = nil, window: Int = .max, cancelsRunning: Bool = false,
    retries: TaskRetries? = nil, references: ReferenceUse? = nil
  ) {
    self.total = total
    self.method = method
    self.label = label
    isStreamed = total > window
    self.cancelsRunning = cancelsRunning
    self.retries = retries
    self.references = references
    trace = .of(method)
    storage = Mutex(Storage(count: total))
  }

  deinit {
    storage.withLock { state in
      state.poller?.cancel()
      guard state.isObserved else { return }
      for stream in state.progressStreams { stream.finish() }
      for feed in state.lineFeeds { feed.end() }
      for stream in state.reportStreams { stream.finish() }
    }
  }

  /// Notes that a task is about to be sent.
  ///
  /// - Parameter outputs: how many engines will publish its output; 0 when it isn't collected.
  /// - Returns: which attempt at the task it is; `nil` if the task must not be sent because the call was cancelled.
  func begin(_ slot: Int, id: String, engines: [RegisteredEngine], outputs: Int) -> Int? {
    storage.withLock { state in
      guard state.tasks.read(slot, { $0.outcome == nil }) else { return nil }
      let now = Timestamp.now
      let (attempt, isRepeated) = state.tasks.update(slot) { task in
        task.id = id
        task.submitted = now
        task.engines = engines
        task.pendingOutputs = outputs
        return (task.attempt, task.retrying.take() != nil)
      }
      if state.firstSubmitted == nil { state.firstSubmitted = now }
      state.pendingOutputs += outputs
      // One that is tried again has been outstanding all the time.
      if !isRepeated { state.submittedCount += 1 }
      return attempt
    }
  }

  /// Notes that a task has finished, or will be tried again. Only the first outcome counts.
  ///
  /// - Returns: whether the task's output is complete, too.
  @discardableResult
  func complete(_ slot: Int, _ outcome: Result<TaskReply, any Error>, output: RemainingOutput) -> Bool {
    trace?.end(slot, outcome)
    if let references, considerSupply(slot, outcome, output, references) { return isOver(output) }
    if let retries, considerRetry(slot, outcome, output, retries) { return isOver(output) }
    return finish(slot, outcome, output: output)
  }

  private func isOver(_ output: RemainingOutput) -> Bool { output == .none || output == .total(0) }

  /// Notes that a task has finished, and is not tried again. Only the first outcome counts.
  ///
  /// - Returns: whether the task's output is complete, too.
  @discardableResult
  func finish(_ slot: Int, _ outcome: Result<TaskReply, any Error>, output: RemainingOutput) -> Bool {
    references?.finished(try? outcome.get())
    let (isComplete, waiters) = storage.withLock { state in
      Self.complete(slot, outcome, output: output, &state)
      let isComplete = !state.tasks.indices.contains(slot) || state.tasks.read(slot) { $0.pendingOutputs == 0 }
      return (isComplete, Self.takeReady(&state))
    }
    for waiter in waiters { waiter.continuation.resume() }
    return isComplete
  }

  /// Notes that a task has failed without a reply.
  func fail(_ slot: Int, _ error: any Error) { complete(slot, .failure(error), output: .none) }

  /// Cancels the call: tasks that have not been sent end as aborted.
  ///
  /// - Returns: the tasks that were sent and have not finished.
  func cancel() -> [TaskState] {
    let (open, waiters) = storage.withLock { state in
      state.isCancelled = true
      var open: [TaskState] = []
      for slot in state.tasks.indices where state.tasks.read(slot, { $0.outcome == nil }) {
        let task = state.tasks[slot]
        if task.submitted != nil, task.retrying == nil {
          open.append(task)
        } else {
          Self.complete(slot, .failure(TaskAborted(msgID: task.id)), output: .none, &state)
        }
      }
      return (open, Self.takeReady(&state))
    }
    for waiter in waiters { waiter.continuation.resume() }
    return open
  }

  private static func complete(
    _ slot: Int, _ outcome: Result<TaskReply, any Error>, output: RemainingOutput, _ state: inout Storage
  ) {
    // A task that was let go has an outcome, and must not get its page back.
    guard state.tasks.indices.contains(slot), state.tasks.read(slot, { $0.outcome == nil }) else { return }
    let wasSubmitted = state.tasks.update(slot) { task in
      task.outcome = outcome
      if let retry = task.retrying.take() { retry.cancel() }
      if case .total(let count) = output { task.totalOutputs = count }
      return task.submitted != nil
    }
    if case .success(let reply) = outcome {
      state.lastReceived = max(state.lastReceived ?? reply.received, reply.received)
    }
    state.completed.append(slot)
    // A task that was cancelled before it was sent has never been outstanding.
    if !wasSubmitted { state.submittedCount += 1 }
    switch output {
    case .none: endOutput(slot, all: true, &state)
    case .untilIdle: break
    case .total: endCountedOutput(slot, &state)
    }
    reportProgress(&state)
    finishStreamsIfComplete(&state)
  }
}
