import Synchronization

extension ResultState {
  /// Has somebody decide whether a task is tried again that has failed.
  ///
  /// - Returns: false if that is out of the question.
  func considerRetry(
    _ slot: Int, _ outcome: Result<TaskReply, any Error>, _ output: RemainingOutput, _ retries: TaskRetries
  ) -> Bool {
    switch outcome {
    case .failure(let error): if RetryState.isFinal(error) { return false }
    case .success(let reply): if reply.status == "ok" || reply.status == "aborted" { return false }
    }
    return storage.withLock { state in
      guard state.tasks.indices.contains(slot), !state.isCancelled else { return false }
      let task = state.tasks[slot]
      guard task.outcome == nil, task.retrying == nil else { return false }
      state.tasks[slot].retrying = Task { await retries.handle(outcome, of: slot, in: self, task, output: output) }
      return true
    }
  }

  /// Notes that a task will be tried again.
  ///
  /// - Parameter attempt: the attempt that has failed.
  /// - Returns: false if the task has ended or the call was cancelled.
  func willRetry(_ slot: Int, after attempt: FailedAttempt) -> Bool {
    willRepeat(slot) { $0.earlierAttempts.append(attempt) }
  }

  /// Notes that a task will be sent again.
  ///
  /// - Parameter note: notes why.
  /// - Returns: false if the task has ended or the call was cancelled.
  func willRepeat(_ slot: Int, note: (inout TaskState) -> Void = { _ in }) -> Bool {
    storage.withLock { state in
      guard !state.isCancelled, state.tasks[slot].outcome == nil else { return false }
      note(&state.tasks[slot])
      // What the last attempt has yet to publish is kept when it comes, but not waited for.
      Self.endOutput(slot, all: true, &state)
      state.tasks[slot].receivedOutputs = 0
      state.tasks[slot].totalOutputs = nil
      return true
    }
  }
}
