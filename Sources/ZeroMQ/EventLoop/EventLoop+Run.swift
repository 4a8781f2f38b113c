import CMartletZeroMQ
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// Everything here but the start of a thread runs on the loop's thread.
extension EventLoop {
  /// Starts a thread that runs the loop until it ends.
  ///
  /// - Returns: 0 or the errno.
  func startThread() -> Int32 {
    let started = Unmanaged.passRetained(self)
    #if os(Linux)
      var thread = pthread_t()
    #else
      var thread: pthread_t?
    #endif
    let code = pthread_create(
      &thread, nil,
      { argument in
        #if os(Linux)
          guard let argument else { return nil }
        #endif
        let loop = Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue()
        name_current_thread(String(loop.name.prefix(15)))
        loop.run()
        return nil
      }, started.toOpaque())
    guard code == 0 else {
      started.release()
      return code
    }
    #if os(Linux)
      pthread_detach(thread)
    #else
      if let thread { pthread_detach(thread) }
    #endif
    return 0
  }

  /// Runs the work of a loop that has no thread any more: on a thread of its own, or where the system refuses one on the
  /// caller's, so that nobody waits for it in vain.
  func runStragglers() {
    if startThread() != 0 { run() }
  }

  /// Runs the loop on this thread until it ends.
  func run() {
    threadID.store(Self.currentThread, ordering: .relaxed)
    while true {
      runWork()
      runTimers()
      if !isStopping { awaitEvents() } else if end() { return }
    }
  }

  private var isStopping: Bool { local.isEmpty && inbox.isStopping }

  /// Ends the loop, unless there is work.
  private func end() -> Bool {
    // Releasing what callbacks hold may make work for the loop, such as the end of a stream that an actor iterates over.
    do {
      let dropped = (sources, timers)
      for source in dropped.0.all { descriptors.remove(source.id, of: source.descriptor) }
      sources = LoopSources()
      timers = LoopTimers()
      withExtendedLifetime(dropped) {}
    }
    guard local.isEmpty else { return false }
    // Before the inbox lets another thread start, which notes its own id.
    threadID.store(0, ordering: .relaxed)
    guard let waiting = inbox.end() else {
      threadID.store(Self.currentThread, ordering: .relaxed)
      return false
    }
    for continuation in waiting { continuation.resume() }
    return true
  }

  private func runWork() {
    // A bounded number of rounds: work that makes work must not keep the sockets waiting.
    for _ in 0..<8 {
      inbox.exchange(&spare)
      if !local.isEmpty {
        spare.append(contentsOf: local)
        local.removeAll(keepingCapacity: true)
      }
      guard !spare.isEmpty else { return }
      var batch: [LoopInbox.Work] = []
      swap(&batch, &spare)
      for work in batch {
        switch work {
        case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
        case .closure(let body): body()
        }
      }
      // Its room serves the next round, unless a burst has made it large.
      if batch.capacity <= 4096 {
        batch.removeAll(keepingCapacity: true)
        spare = batch
      }
    }
  }

  private func runTimers() {
    guard !timers.isEmpty else { return }
    let now = ContinuousClock.now
    while let action = timers.takeDue(at: now) { action() }
  }

  /// Milliseconds until the next timer; -1 if there is none.
  private func timeout() -> Int {
    if !local.isEmpty { return 0 }
    guard let deadline = timers.next() else { return -1 }
    return (deadline - ContinuousClock.now).roundedUpMilliseconds
  }

  /// Waits until something happens, and calls back the sources it happened to.
  private func awaitEvents() {
    let wait = !sources.findUnsignalled() && inbox.fallAsleep() ? Int32(clamping: timeout()) : 0
    if waitForDescriptors(wait) > 0 {
      sources.arrangeReady()
      if sources.hasWakeUp { wake.drain() }
    }
    // What other threads gave this loop before they sent a message comes before that message.
    runWork()
    // Work or a callback may cancel a source.
    for index in 0..<sources.readyCount { sources.readyCallback(index)?() }
  }

  /// Waits for a descriptor for at most that many milliseconds, or without limit if the number is negative.
  ///
  /// - Returns: how many descriptors can be read.
  private func waitForDescriptors(_ timeout: Int32) -> Int {
    busyWait.wait(timeout) { sources.wait(for: &descriptors, $0) }
  }
}
