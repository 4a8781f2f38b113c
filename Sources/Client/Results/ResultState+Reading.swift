import MartletWire
import Synchronization

extension ResultState {
  /// Notes that a task's part of the value was taken. Its reply is let go if the call has many.
  func didRead(_ slot: Int) {
    guard isStreamed else { return }
    let (waiters, reply) = storage.withLock { state -> ([Waiter], TaskReply?) in
      let task = state.tasks[slot]
      guard let outcome = task.outcome, !task.isRead else { return ([], nil) }
      state.tasks.update(slot) {
        $0.isRead = true
        $0.outcome = TaskState.released.outcome
      }
      if task.pendingOutputs == 0 { state.tasks.release(slot) }
      state.readCount += 1
      return (Self.takeReady(&state), try? outcome.get())
    }
    for waiter in waiters { waiter.continuation.resume() }
    if let time = reply?.serialTime { storage.withLock { $0.readSerialTime += time } }
  }

  /// Notes that somebody reads the elements one after the other from now on, which sets the pace.
  func beginReading() { change { $0.readers += 1 } }

  /// Notes that somebody has stopped reading.
  func endReading() { change { $0.readers -= 1 } }

  /// Runs something that waits for all tasks and takes them as they come.
  func collecting<Output>(_ body: () async throws -> Output) async rethrows -> Output {
    change { $0.collectors += 1 }
    defer { change { $0.collectors -= 1 } }
    return try await body()
  }

  private func change(_ body: (inout Storage) -> Void) {
    let waiters = storage.withLock { state in
      body(&state)
      return Self.takeReady(&state)
    }
    for waiter in waiters { waiter.continuation.resume() }
  }
}

/// Somebody who reads the elements of a call one after the other, for as long as this lives.
final class Reading: Sendable {
  private let state: ResultState

  init(_ state: ResultState) {
    self.state = state
    state.beginReading()
  }

  deinit { state.endReading() }
}
