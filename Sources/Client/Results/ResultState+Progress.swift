import Synchronization

extension ResultState {
  /// Whether the call was cancelled.
  var isCancelled: Bool { storage.withLock { $0.isCancelled } }

  /// How many tasks are submitted and not done with.
  var outstandingCount: Int { storage.withLock(\.outstandingCount) }

  /// How many of the tasks have finished.
  var progress: TaskProgress {
    storage.withLock { TaskProgress(done: $0.completed.count, total: total) }
  }

  /// A stream of the progress from now on, which ends with the last task.
  func progressStream() -> AsyncStream<TaskProgress> {
    let (stream, continuation) = AsyncStream.makeStream(of: TaskProgress.self, bufferingPolicy: .bufferingNewest(1))
    storage.withLock { state in
      continuation.yield(TaskProgress(done: state.completed.count, total: total))
      if state.completed.count == total {
        continuation.finish()
      } else {
        state.progressStreams.append(continuation)
      }
    }
    return stream
  }

  static func reportProgress(_ state: inout Storage) {
    guard !state.progressStreams.isEmpty else { return }
    let progress = TaskProgress(done: state.completed.count, total: state.tasks.count)
    for stream in state.progressStreams {
      stream.yield(progress)
      if progress.isComplete { stream.finish() }
    }
    if progress.isComplete { state.progressStreams = [] }
  }
}
