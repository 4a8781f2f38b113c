import Synchronization

extension ResultState {
  /// Submits all tasks, at once if what they need is where they run, otherwise when it has been moved there.
  func afterMoves(_ client: Client, _ submit: @escaping ReferenceUse.Submit) {
    references?.begin(submit)
    guard let missing = references?.missing, !missing.isEmpty else {
      for slot in 0..<total { submit(client, self, slot) }
      return
    }
    Task {
      do {
        for (value, engine) in missing { try await value.move(to: engine) }
        for slot in 0..<total { submit(client, self, slot) }
      } catch {
        for slot in 0..<total { fail(slot, error) }
      }
    }
  }

  /// Sends an engine what it lacks, and then the task again that it could not begin.
  ///
  /// - Returns: false if the task has ended otherwise.
  func considerSupply(
    _ slot: Int, _ outcome: Result<TaskReply, any Error>, _ output: RemainingOutput, _ references: ReferenceUse
  ) -> Bool {
    guard case .success(let reply) = outcome, let lacking = references.lacking(reply, slot) else { return false }
    return storage.withLock { state in
      guard state.tasks.indices.contains(slot), !state.isCancelled else { return false }
      guard state.tasks[slot].outcome == nil, state.tasks[slot].retrying == nil else { return false }
      state.tasks[slot].retrying = Task {
        do {
          try await lacking.value.supply(lacking.engine)
        } catch {
          finish(slot, .failure(error), output: .none)
          return
        }
        if willRepeat(slot) {
          lacking.submit(lacking.value.client, self, slot)
        } else {
          finish(slot, outcome, output: output)
        }
      }
      return true
    }
  }
}
