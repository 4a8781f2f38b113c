import Synchronization

/// Carries a stream's outcomes from the task that feeds it to its reader, and room the other way.
final class StreamFeed<Output: Sendable>: Sendable {
  typealias Outcome = Result<Output, any Error>

  private struct Shared {
    var state: StreamState<Outcome>
    /// The feeder and readers, each of which looks at the state again when it is woken.
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let shared: Mutex<Shared>

  init(window: Int, isOrdered: Bool) {
    shared = Mutex(Shared(state: StreamState(window: window, isOrdered: isOrdered)))
  }

  // MARK: - The feeder

  /// Submits a task for each element of a source, as fast as there is room, until the source ends or this task is cancelled.
  ///
  /// - Parameter submit: submits one task. What it throws is the outcome of the element.
  func run<Source: AsyncSequence>(
    _ source: Source, submit: (Source.Element) throws -> AsyncResult<Output>
  ) async {
    await withDiscardingTaskGroup { group in
      do {
        var elements = source.makeAsyncIterator()
        while await waitForRoom(), let element = try await elements.next() {
          let index = change { $0.begin() }
          do {
            let result = try submit(element)
            group.addTask {
              let outcome: Outcome
              do { outcome = .success(try await result.value) } catch { outcome = .failure(error) }
              self.change { $0.finish(index, outcome) }
            }
          } catch {
            change { $0.finish(index, .failure(error)) }
          }
        }
        change { $0.sourceEnded(nil) }
      } catch {
        change { $0.sourceEnded(error) }
      }
    }
  }

  /// - Returns: false if the task is cancelled.
  private func waitForRoom() async -> Bool {
    await wait { $0.hasRoom }
    return !Task.isCancelled
  }

  // MARK: - The reader

  /// The next outcome; `nil` after the last one.
  ///
  /// - Throws: the source's error; `CancellationError`.
  func next() async throws -> (index: Int, outcome: Outcome)? {
    while true {
      await wait { $0.hasNext }
      try Task.checkCancellation()
      switch change({ $0.next() }) {
      case .outcome(let index, let outcome): return (index, outcome)
      case .end(let error):
        if let error { throw error }
        return nil
      case .wait: continue
      }
    }
  }

  // MARK: - Waiting

  private func change<Change: Sendable>(_ event: (inout StreamState<Outcome>) -> Change) -> Change {
    let (output, waiting) = shared.withLock { shared in
      defer { shared.waiting = [] }
      return (event(&shared.state), shared.waiting)
    }
    for continuation in waiting { continuation.resume() }
    return output
  }

  /// Returns when a condition holds or the task is cancelled.
  private func wait(until condition: @Sendable (borrowing StreamState<Outcome>) -> Bool) async {
    while !Task.isCancelled, !shared.withLock({ condition($0.state) }) {
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let isDone = shared.withLock { shared in
            if Task.isCancelled || condition(shared.state) { return true }
            shared.waiting.append(continuation)
            return false
          }
          if isDone { continuation.resume() }
        }
      } onCancel: {
        change { _ in }
      }
    }
  }
}
