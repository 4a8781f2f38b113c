import Synchronization

extension ResultState {
  /// Whether a condition holds.
  func isMet(_ condition: Condition) -> Bool { storage.withLock { Self.isMet(condition, $0) } }

  /// Waits until a condition holds.
  ///
  /// - Parameter isCollecting: whether the caller runs in ``collecting(_:)``.
  /// - Throws: `CancellationError` if the waiting task is cancelled; the call's tasks go on.
  func wait(for condition: Condition, isCollecting: Bool = false) async throws {
    if isStreamed, !isCollecting, condition == .all || condition == .output, !isMet(condition) {
      return try await collecting { try await wait(for: condition, isCollecting: true) }
    }
    let ticket: UInt64? = storage.withLock { state in
      if Self.isMet(condition, state) { return nil }
      state.nextWaiter += 1
      return state.nextWaiter
    }
    guard let ticket else { return }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        // The cancellation handler either finds the waiter or has run already. In that case the task is cancelled.
        let result: Result<Void, any Error>? = storage.withLock { state in
          if Self.isMet(condition, state) { return .success(()) }
          if Task.isCancelled { return .failure(CancellationError()) }
          state.waiters.append(Waiter(id: ticket, condition: condition, continuation: continuation))
          return nil
        }
        if let result { continuation.resume(with: result) }
      }
    } onCancel: {
      let waiter = storage.withLock { state -> Waiter? in
        guard let index = state.waiters.firstIndex(where: { $0.id == ticket }) else { return nil }
        return state.waiters.remove(at: index)
      }
      waiter?.continuation.resume(throwing: CancellationError())
    }
  }

  /// Removes the waiters whose condition holds; the caller resumes them after it has released the lock.
  static func takeReady(_ state: inout Storage) -> [Waiter] {
    guard state.waiters.contains(where: { isMet($0.condition, state) }) else { return [] }
    var ready: [Waiter] = []
    var waiting: [Waiter] = []
    for waiter in state.waiters {
      if isMet(waiter.condition, state) { ready.append(waiter) } else { waiting.append(waiter) }
    }
    if !ready.isEmpty { state.waiters = waiting }
    return ready
  }

  private static func isMet(_ condition: Condition, _ state: borrowing Storage) -> Bool {
    switch condition {
    case .all: state.completed.count == state.tasks.count
    case .task(let slot): state.tasks.read(slot) { $0.outcome != nil }
    case .completions(let count): state.completed.count >= min(count, state.tasks.count)
    case .outstanding(let limit): state.outstandingCount < limit
    case .output: isOutputComplete(state)
    }
  }
}
