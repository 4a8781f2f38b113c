import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One thread that owns sockets and waits for all of them in a single poll.
///
/// It is the serial executor of the actors pinned to it, so the compiler checks that only this thread touches their
/// sockets and state. Socket callbacks run synchronously on the thread: no `await` and no task per message.
///
/// ``start()`` starts the thread and ``stop()`` ends it. Work that arrives before the start waits for it. After the end
/// ``execute(_:)`` throws, but the jobs of pinned actors still run, on a thread that lives for as long as they take: a
/// caller that awaits an actor resumes and finds the actor closed.
///
/// `@unchecked Sendable`: the inbox is guarded by its mutex, the thread's id is atomic, and everything else belongs to
/// the thread that runs the loop. There is one at a time: the inbox lets a thread start only after the last one has
/// ended, and orders the two by its mutex.
public final class EventLoop: SerialExecutor, @unchecked Sendable {
  /// The thread's name, as `top -H` shows it (15 characters count).
  public let name: String

  let inbox = LoopInbox()
  let wake: WakeUp
  /// The thread as a number; 0 while no thread runs the loop, because the system gives an ended thread's id to another.
  let threadID = Atomic<UInt>(0)

  // The loop's thread only.
  var local: [LoopInbox.Work] = []
  var spare: [LoopInbox.Work] = []
  var sources = LoopSources()
  var descriptors: WatchedDescriptors
  var timers = LoopTimers()
  var busyWait = BusyWait()
  private var lastID: UInt64 = 0

  /// Makes a loop that does not run yet.
  ///
  /// - Parameter name: the thread's name.
  /// - Throws: the errno when the process is out of descriptors.
  public init(name: String) throws(ZeroMQError) {
    self.name = name
    wake = try WakeUp()
    descriptors = try WatchedDescriptors()
    descriptors.add(LoopSources.wakeUp, of: wake.readDescriptor)
  }

  // MARK: - Lifetime

  /// Starts the loop's thread; does nothing if it runs already.
  ///
  /// - Throws: ``EventLoopEnded`` after ``stop()``; ``ZeroMQError`` with the errno when the process is out of threads, and
  ///   the loop has ended then.
  public func start() throws {
    switch inbox.start() {
    case .isRunning: return
    case .hasEnded: throw EventLoopEnded(loop: name)
    case .needsThread:
      let code = startThread()
      guard code == 0 else {
        // The loop ends here, on the caller's thread, so that nobody waits for work that it has been given.
        stop()
        run()
        throw ZeroMQError(code: code, operation: "pthread_create", subject: name)
      }
    }
  }

  /// Asks the loop to end after the work it has been given so far.
  ///
  /// Sources and timers that are left are dropped without a call. Code that waits for one of them must be told by
  /// whoever stops the loop.
  public func stop() {
    switch inbox.stop() {
    case .ending: wake.signal()
    case .needsThread: runStragglers()
    case .ended(let waiting): for continuation in waiting { continuation.resume() }
    }
  }

  /// Waits until the loop has ended after ``stop()``.
  public func waitUntilStopped() async {
    await withCheckedContinuation { continuation in
      if inbox.hasEnded(orResume: continuation) { continuation.resume() }
    }
  }

  // MARK: - Work from any thread

  /// Runs a closure on the loop's thread, after the work that was given to it before.
  ///
  /// - Throws: ``EventLoopEnded`` when the loop has ended; the closure is released and never runs.
  public func execute(_ body: @escaping @Sendable () -> Void) throws(EventLoopEnded) {
    if !add(.closure(body), refusedAfterEnd: true) { throw EventLoopEnded(loop: name) }
  }

  /// Runs a closure on the loop's thread, like ``execute(_:)``, but also when the loop has ended: for executors built on
  /// a loop, whose jobs must run.
  package func executeAlways(_ body: @escaping @Sendable () -> Void) { add(.closure(body), refusedAfterEnd: false) }

  /// Runs a job of an actor that is pinned to this loop, on the loop's thread; on another one when the loop has ended,
  /// since jobs must run.
  public func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job)), refusedAfterEnd: false) }

  /// Returns whether the work was accepted.
  @discardableResult
  private func add(_ work: LoopInbox.Work, refusedAfterEnd: Bool) -> Bool {
    if isOnLoop {
      local.append(work)
      return true
    }
    switch inbox.add(work, refusedAfterEnd: refusedAfterEnd) {
    case .queued: return true
    case .mustWake: wake.signal()
    case .needsThread: runStragglers()
    case .refused: return false
    }
    return true
  }

  // MARK: - Isolation

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  public func checkIsolated() {
    precondition(isOnLoop, "not on the event loop \(name)")
  }

  public func isIsolatingCurrentContext() -> Bool? { isOnLoop }

  /// Whether the caller runs on this loop's thread.
  public var isOnLoop: Bool { threadID.load(ordering: .relaxed) == Self.currentThread }

  static var currentThread: UInt {
    #if os(Linux)
      UInt(pthread_self())
    #else
      UInt(bitPattern: pthread_self())
    #endif
  }

  /// A number for a new source or timer.
  func makeToken() -> Token {
    lastID += 1
    return Token(id: lastID)
  }
}

/// An event loop that was given work after its end.
public struct EventLoopEnded: Error, Sendable, Hashable, CustomStringConvertible {
  /// The loop's name.
  public let loop: String

  /// What happened and why.
  public var description: String { "the event loop \(loop) has ended, because the part it served was closed" }
}
