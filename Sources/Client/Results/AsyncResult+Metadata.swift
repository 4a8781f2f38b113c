import MartletWire
import Synchronization

extension AsyncResult {
  /// When and where each task ran and how it ended, in the order of the tasks.
  public var metadata: [TaskMetadata] { (0..<state.total).map { metadata(of: $0) } }

  /// The metadata of one task.
  func metadata(of slot: Int) -> TaskMetadata {
    let (task, output) = state.storage.withLock { ($0.tasks[slot], $0.outputs[slot]) }
    return TaskMetadata(task, output: output, method: state.method, label: state.label, engineID: client.engineID)
  }

  /// What the first of the tasks waits for that were sent and have not ended, see ``Client/why(_:)``; `nil` if there is none.
  ///
  /// - Throws: as ``Client/why(_:)``.
  public var why: String? {
    get async throws {
      let id = state.storage.withLock { state in
        let slot = state.tasks.indices.first { slot in
          state.tasks.read(slot) { $0.submitted != nil && $0.outcome == nil }
        }
        return slot.map { state.tasks.read($0) { $0.id } }
      }
      guard let id else { return nil }
      return try await client.why(id)
    }
  }

  /// The time from the first submission to the last reply; `nil` until every task has finished.
  public var wallTime: Duration? {
    guard isDone else { return nil }
    let (first, last) = state.storage.withLock { ($0.firstSubmitted, $0.lastReceived) }
    guard let first, let last else { return nil }
    return last - first
  }

  /// The total time the engines have spent on the tasks: what one engine alone would have taken.
  public var serialTime: Duration {
    metadata.compactMap(\.serialTime).reduce(state.storage.withLock(\.readSerialTime), +)
  }

  /// The time since the first submission, or the ``wallTime`` once every task has finished.
  public var elapsed: Duration {
    if let wallTime { return wallTime }
    guard let first = state.storage.withLock(\.firstSubmitted) else { return .zero }
    return Timestamp.now - first
  }
}
