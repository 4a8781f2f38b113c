import MartletWire
import Synchronization

extension AsyncResult {
  /// What is known of each task, in the order of the tasks.
  public var metadata: [TaskMetadata] { (0..<state.total).map { metadata(of: $0) } }

  /// What is known of one task.
  func metadata(of slot: Int) -> TaskMetadata {
    let (record, output) = state.storage.withLock { ($0.tasks[slot], $0.outputs[slot]) }
    return TaskMetadata(
      record, output: output, method: state.method, label: state.label, engineID: client.engineID)
  }

  /// The seconds from the first submission to the last reply; `nil` before every task is done.
  public var wallTime: Double? {
    guard isDone else { return nil }
    let (first, last) = state.storage.withLock { state in
      (state.tasks.compactMap(\.submitted).min(), state.tasks.compactMap { try? $0.outcome?.get().received }.max())
    }
    guard let first, let last else { return nil }
    return last.seconds(since: first)
  }

  /// The seconds the engines worked, added up: what one engine alone would have taken.
  public var serialTime: Double { metadata.compactMap(\.serialTime).reduce(0, +) }

  /// The seconds since the first submission, or the ``wallTime`` once every task is done.
  public var elapsed: Double {
    if let wallTime { return wallTime }
    guard let first = state.storage.withLock({ $0.tasks.compactMap(\.submitted).min() }) else { return 0 }
    return Timestamp.now.seconds(since: first)
  }
}
