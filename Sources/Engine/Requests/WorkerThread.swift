import MartletZeroMQ

/// Runs the runner's task, and whatever it calls, on one thread, which also receives requests while it is idle. User
/// code thus neither delays the I/O loop nor waits for a thread of the global pool.
final class WorkerThread: TaskExecutor {
  let loop: EventLoop

  init(_ loop: EventLoop) { self.loop = loop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.executeAlways { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
