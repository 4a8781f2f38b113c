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

  /// The time from the first submission to the last reply; `nil` until every task has finished.
  public var wallTime: Duration? {
    guard isDone else { return nil }
    let (first, last) = state.storage.withLock { state in
      (state.tasks.compactMap(\.submitted).min(), state.tasks.compactMap { try? $0.outcome?.get().received }.max())
    }
    guard let first, let last else { return nil }
    return last - first
  }

  /// The total time the engines have spent on the tasks: what one engine alone would have taken.
  public var serialTime: Duration { metadata.compactMap(\.serialTime).reduce(.zero, +) }

  /// The time since the first submission, or the ``wallTime`` once every task has finished.
  public var elapsed: Duration {
    if let wallTime { return wallTime }
    guard let first = state.storage.withLock({ $0.tasks.compactMap(\.submitted).min() }) else { return .zero }
    return Timestamp.now - first
  }
}
