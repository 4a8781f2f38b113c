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
      let retrying = Task { await retries.handle(outcome, of: slot, in: self, task, output: output) }
      state.tasks.update(slot) { $0.retrying = retrying }
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
      guard !state.isCancelled, state.tasks.read(slot, { $0.outcome == nil }) else { return false }
      state.tasks.update(slot, note)
      // What the last attempt has yet to publish is kept when it comes, but not waited for.
      Self.endOutput(slot, all: true, &state)
      state.tasks.update(slot) {
        $0.receivedOutputs = 0
        $0.totalOutputs = nil
      }
      return true
    }
  }
}
