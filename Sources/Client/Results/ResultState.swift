import MartletWire
import Synchronization

/// What is known of the tasks of one call. Filled by the loop, read from anywhere.
final class ResultState: Sendable {
  /// How many tasks the call has.
  let total: Int
  /// What was asked for, for error messages.
  let method: String
  /// An arbitrary text the caller gave the tasks.
  let label: String?
  let storage: Mutex<Storage>

  /// One task.
  struct TaskRecord: Sendable {
    var id = ""
    var submitted: Timestamp?
    /// The engines it was sent to, when the client chose them.
    var engines: [EngineIdentity] = []
    var outcome: Result<TaskReply, any Error>?
    /// How many engines' output is still to come.
    var pendingOutputs = 0
    /// IOPub messages that came, besides those about the engine's status.
    var receivedOutputs = 0
    /// How many will have come in all, when the reply has told.
    var totalOutputs: Int?
  }

  struct Waiter: Sendable {
    let id: UInt64
    let condition: Condition
    let continuation: CheckedContinuation<Void, any Error>
  }

  struct Storage: Sendable {
    var tasks: [TaskRecord]
    /// The tasks in the order they were completed.
    var completed: [Int] = []
    var submittedCount = 0
    var isCancelled = false
    var pendingOutputs = 0
    var outputs: [Int: TaskOutput] = [:]
    var lines: [Int: (stdout: LineSplitter, stderr: LineSplitter)] = [:]
    var waiters: [Waiter] = []
    var nextWaiter: UInt64 = 0
    var progressStreams: [AsyncStream<TaskProgress>.Continuation] = []
    var lineStreams: [AsyncStream<OutputLine>.Continuation] = []
  }

  /// What can be waited for.
  enum Condition: Sendable, Hashable {
    /// Every task is done.
    case all
    /// A task is done.
    case task(Int)
    /// So many tasks are done.
    case completions(Int)
    /// Fewer tasks than this are submitted and not done.
    case outstanding(below: Int)
    /// Every task is done and its output complete.
    case output
  }

  init(total: Int, method: String, label: String? = nil) {
    self.total = total
    self.method = method
    self.label = label
    storage = Mutex(Storage(tasks: Array(repeating: TaskRecord(), count: total)))
  }

  deinit {
    storage.withLock { state in
      for stream in state.progressStreams { stream.finish() }
      for stream in state.lineStreams { stream.finish() }
    }
  }

  /// Notes that a task is about to be sent.
  ///
  /// - Parameter outputs: how many engines will publish its output; 0 when it isn't collected.
  /// - Returns: false when the task must not be sent any more: the call was cancelled.
  func begin(_ slot: Int, id: String, engines: [EngineIdentity], outputs: Int) -> Bool {
    storage.withLock { state in
      guard state.tasks[slot].outcome == nil else { return false }
      state.tasks[slot].id = id
      state.tasks[slot].submitted = .now
      state.tasks[slot].engines = engines
      state.tasks[slot].pendingOutputs = outputs
      state.pendingOutputs += outputs
      state.submittedCount += 1
      return true
    }
  }

  /// Notes the end of a task. Only the first end counts.
  ///
  /// - Returns: whether the task's output is complete, too.
  @discardableResult
  func complete(_ slot: Int, _ outcome: Result<TaskReply, any Error>, output: RemainingOutput) -> Bool {
    let (isComplete, waiters) = storage.withLock { state in
      Self.complete(slot, outcome, output: output, &state)
      let isComplete = !state.tasks.indices.contains(slot) || state.tasks[slot].pendingOutputs == 0
      return (isComplete, Self.takeReady(&state))
    }
    for waiter in waiters { waiter.continuation.resume() }
    return isComplete
  }

  /// Gives up: tasks not sent yet end as aborted.
  ///
  /// - Returns: the tasks that were sent and are not done.
  func cancel() -> [TaskRecord] {
    let (open, waiters) = storage.withLock { state in
      state.isCancelled = true
      var open: [TaskRecord] = []
      for slot in state.tasks.indices where state.tasks[slot].outcome == nil {
        if state.tasks[slot].submitted != nil {
          open.append(state.tasks[slot])
        } else {
          Self.complete(slot, .failure(TaskAborted(msgID: "")), output: .none, &state)
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
    guard state.tasks.indices.contains(slot), state.tasks[slot].outcome == nil else { return }
    state.tasks[slot].outcome = outcome
    state.completed.append(slot)
    // A task cancelled before it was sent was never outstanding.
    if state.tasks[slot].submitted == nil { state.submittedCount += 1 }
    switch output {
    case .none: endOutput(slot, all: true, &state)
    case .untilIdle: break
    case .total(let count):
      state.tasks[slot].totalOutputs = count
      endCountedOutput(slot, &state)
    }
    let isLast = state.completed.count == state.tasks.count
    if !state.progressStreams.isEmpty {
      let progress = TaskProgress(done: state.completed.count, total: state.tasks.count)
      for stream in state.progressStreams {
        stream.yield(progress)
        if isLast { stream.finish() }
      }
      if isLast { state.progressStreams = [] }
    }
    finishLinesIfComplete(&state)
  }

  /// Whether the call was given up.
  var isCancelled: Bool { storage.withLock { $0.isCancelled } }

  /// The tasks' progress.
  var progress: TaskProgress {
    storage.withLock { TaskProgress(done: $0.completed.count, total: total) }
  }

  /// A stream of the progress from now on, which ends with the last task.
  func progressStream() -> AsyncStream<TaskProgress> {
    let (stream, continuation) = AsyncStream.makeStream(of: TaskProgress.self, bufferingPolicy: .bufferingNewest(1))
    storage.withLock { state in
      continuation.yield(TaskProgress(done: state.completed.count, total: total))
      if state.completed.count == total {
        continuation.finish()
      } else {
        state.progressStreams.append(continuation)
      }
    }
    return stream
  }
}
