import Synchronization

extension ResultState {
  /// Submits all tasks, at once if what they need is where they run, otherwise when it has been moved or computed there.
  func afterMoves(_ client: Client, _ submit: @escaping ReferenceUse.Submit) {
    references?.begin(submit)
    guard let references, references.isWaiting else {
      for slot in 0..<total { submit(client, self, slot) }
      return
    }
    Task {
      do {
        try await references.settle()
        for slot in 0..<total { submit(client, self, slot) }
      } catch {
        for slot in 0..<total { fail(slot, error) }
      }
    }
  }

  /// Sends an engine what it lacks, or has it computed again, and then sends the task again that could not begin.
  ///
  /// - Returns: false if the task has ended otherwise.
  func considerSupply(
    _ slot: Int, _ outcome: Result<TaskReply, any Error>, _ output: RemainingOutput, _ references: ReferenceUse
  ) -> Bool {
    guard case .success(let reply) = outcome, reply.status == "error",
      let submitted = storage.withLock({ $0.tasks.indices.contains(slot) ? $0.tasks.read(slot) { $0.submitted } : nil }
      ),
      let remedy = references.remedy(reply, slot, submitted: submitted)
    else { return false }
    return storage.withLock { state in
      guard state.tasks.indices.contains(slot), !state.isCancelled else { return false }
      guard state.tasks.read(slot, { $0.outcome == nil && $0.retrying == nil }) else { return false }
      let retrying = Task {
        var helps = false
        do {
          helps = try await remedy.prepare()
        } catch {
          finish(slot, .failure(error), output: .none)
          return
        }
        if helps, let submit = remedy.submit, willRepeat(slot) {
          submit(remedy.client, self, slot)
        } else {
          storage.withLock { $0.tasks.update(slot) { $0.retrying = nil } }
          if let retries, considerRetry(slot, outcome, output, retries) { return }
          finish(slot, outcome, output: output)
        }
      }
      state.tasks.update(slot) { $0.retrying = retrying }
      return true
    }
  }
}
