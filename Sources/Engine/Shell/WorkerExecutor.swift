import MartletZeroMQ

/// Runs the worker's task, and what it calls, on one thread of its own, which also receives requests while it is free:
/// user code neither holds up the I/O loop nor waits for a place in the global pool.
final class WorkerExecutor: TaskExecutor {
  let thread: EventLoop

  init(name: String) throws(ZeroMQError) { thread = try EventLoop(name: name) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    thread.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Ends the thread when it is through with what it has.
  func stop() { thread.stop() }
}
