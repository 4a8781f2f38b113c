import MartletZeroMQ

/// Runs the task of a request on the worker thread, where it takes turns with others: what is printed during its turns is its
/// output.
final class BesideExecutor: TaskExecutor {
  private let worker: WorkerThread
  private let owner: Bytes
  private let capture: OutputCapture<Bytes>?
  private let sender: ReplySender

  /// - Parameter owner: the header of the request.
  init(_ worker: WorkerThread, owner: Bytes, capture: OutputCapture<Bytes>?, sender: ReplySender) {
    self.worker = worker
    self.owner = owner
    self.capture = capture
    self.sender = sender
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    worker.loop.executeAlways { [self] in
      guard let capture else { return job.runSynchronously(on: asUnownedTaskExecutor()) }
      let former = sender.changeOwner(of: capture, to: owner)
      job.runSynchronously(on: asUnownedTaskExecutor())
      _ = sender.changeOwner(of: capture, to: former)
    }
  }
}
