import MartletWire

/// Tries the tasks of a call again that have failed.
struct TaskRetries: Sendable {
  let state: RetryState
  /// Where tasks are that wait for their next attempt.
  let backoffs: Backoffs
  /// Gives the id of an engine by its uuid.
  let engineID: @Sendable (String) -> Int?
  /// Sends a task again.
  let submit: @Sendable (_ call: ResultState, _ slot: Int) -> Void

  init(
    _ policy: RetryPolicy, deadline: Timestamp?, isBound: Bool, client: Client,
    submit: @escaping @Sendable (_ client: Client, _ call: ResultState, _ slot: Int) -> Void
  ) throws(ClientError) {
    try policy.validate()
    state = RetryState(policy: policy, deadline: deadline, isBound: isBound)
    backoffs = client.connection.backoffs
    engineID = { [weak client] in client?.engineID($0) }
    self.submit = { [weak client] call, slot in
      // A call doesn't keep its client open: only results do.
      guard let client else { return call.fail(slot, ClientError.closed) }
      submit(client, call, slot)
    }
  }

  /// Finds out whether a failed task is tried again, and does so after the back-off. Runs in a task of its own: the policy is
  /// the user's code, which must not hold up the event loop.
  ///
  /// - Parameters:
  ///   - task: the task as it was when it failed.
  ///   - outcome: the failure.
  func handle(
    _ outcome: Result<TaskReply, any Error>, of slot: Int, in call: ResultState, _ task: TaskState,
    output: RemainingOutput
  ) async {
    let attempt = attempt(outcome, task, call)
    let delay = state.delay(
      after: attempt.error, failures: task.attempt, now: .now, random: .random(in: 0...1))
    guard let delay, call.willRetry(slot, after: attempt) else {
      call.finish(slot, outcome, output: output)
      return
    }
    if delay > .zero {
      let ticket: UInt64
      do throws(ClientError) {
        ticket = try backoffs.add(ResultSlot(state: call, slot: slot))
      } catch {
        call.finish(slot, .failure(error), output: .none)
        return
      }
      defer { backoffs.remove(ticket) }
      // What ends the wait has ended the task.
      guard (try? await Task.sleep(for: delay)) != nil else { return }
    }
    submit(call, slot)
  }

  private func attempt(
    _ outcome: Result<TaskReply, any Error>, _ task: TaskState, _ call: ResultState
  ) -> FailedAttempt {
    switch outcome {
    case .failure(let error): return FailedAttempt(error: error, date: .now)
    case .success(let reply):
      let error = reply.failure(id: task.id, method: call.method, engineID: engineID)
      return FailedAttempt(
        error: (error as? RemoteError)?.original ?? error ?? ClientError.closed, date: reply.date,
        before: reply.earlierAttempts(id: task.id, method: call.method, engineID: engineID))
    }
  }
}
