import CMartletZeroMQ
import HeapModule
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
/// `@unchecked Sendable`: the inbox is guarded by a mutex, the thread's id is atomic, everything else is touched by the
/// loop's thread only.
public final class EventLoop: SerialExecutor, @unchecked Sendable {
  /// The thread's name, as `top -H` and the logs show it (15 characters count).
  public let name: String

  private enum Work {
    case job(UnownedJob)
    case closure(@Sendable () -> Void)
  }

  private struct Timer: Comparable {
    let deadline: ContinuousClock.Instant
    let id: UInt64
    static func < (left: Timer, right: Timer) -> Bool {
      (left.deadline, left.id) < (right.deadline, right.id)
    }
  }

  /// What the loop waits for.
  private struct Source {
    let id: UInt64
    let descriptor: Int32
    let kind: Kind

    enum Kind {
      case descriptor
      case socket(UnsafeMutableRawPointer, SocketState)
      case shared(SharedSocket)
    }

    /// Whether the socket has messages that its descriptor does not tell of. libzmq is asked only when something was
    /// done to the socket: the question costs a system call or two.
    var hasUnsignalledMessages: Bool {
      switch kind {
      case .descriptor: return false
      case .shared(let socket): return socket.hasUnsignalledMessages()
      case .socket(let handle, let state):
        guard state.mayHaveMessages else { return false }
        var events: Int32 = 0
        var size = MemoryLayout<Int32>.size
        guard zmq_getsockopt(handle, ZMQ_EVENTS, &events, &size) == 0 else { return false }
        state.mayHaveMessages = events & ZMQ_POLLIN != 0
        return state.mayHaveMessages
      }
    }
  }

  // Guarded by the mutex.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var inbox: [Work] = []
  /// The loop waits, or is about to, and nobody has woken it yet.
  private var isAsleep = false
  private var stopping = false
  private var finished: [CheckedContinuation<Void, Never>] = []
  private var hasFinished = false

  /// The thread as a number, 0 when it has ended: the system gives its id to the next thread.
  private let threadID = Atomic<UInt>(0)

  // The loop's thread only.
  private var local: [Work] = []
  private var spare: [Work] = []
  private var sources: [UInt64: (source: Source, callback: () -> Void)] = [:]
  /// The sources in the order of their registration, with their descriptors behind that of the wake-up.
  private var order: [Source] = []
  private var descriptors: [pollfd] = []
  private var orderIsStale = true
  /// Indices in `order` of sources to call back.
  private var ready: [Int] = []
  private var timers = Heap<Timer>()
  private var timerActions: [UInt64: () -> Void] = [:]
  private var nextID: UInt64 = 1
  private let wake: WakeUp
  private var busyWait = BusyWait()

  /// Makes a loop and starts its thread.
  ///
  /// - Parameter name: the thread's name.
  /// - Throws: the errno when the process is out of descriptors or threads.
  public init(name: String) throws(ZeroMQError) {
    self.name = name
    wake = try WakeUp()
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    try start()
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  // MARK: - From any thread

  /// Runs a closure on the loop's thread, after what was given to it before.
  public func execute(_ body: @escaping @Sendable () -> Void) { add(.closure(body)) }

  public func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

  public func checkIsolated() {
    precondition(isOnLoop, "not on the event loop \(name)")
  }

  public func isIsolatingCurrentContext() -> Bool? { isOnLoop }

  /// Whether the caller runs on this loop's thread.
  public var isOnLoop: Bool { threadID.load(ordering: .relaxed) == Self.currentThread }

  private static var currentThread: UInt {
    #if os(Linux)
      UInt(pthread_self())
    #else
      UInt(bitPattern: pthread_self())
    #endif
  }

  /// Asks the loop to end after what it has been given so far; sources still registered are forgotten.
  public func stop() {
    pthread_mutex_lock(mutex)
    stopping = true
    pthread_mutex_unlock(mutex)
    wake.signal()
  }

  /// Waits until the loop's thread has ended after ``stop()``.
  public func waitUntilStopped() async {
    await withCheckedContinuation { continuation in
      pthread_mutex_lock(mutex)
      let done = hasFinished
      if !done { finished.append(continuation) }
      pthread_mutex_unlock(mutex)
      if done { continuation.resume() }
    }
  }

  // MARK: - On the loop's thread

  /// A source of events or a timer, to be cancelled.
  public struct Token: Sendable, Hashable {
    let id: UInt64
  }

  /// Calls back whenever a socket has messages, until cancelled. Cancel before closing the socket.
  ///
  /// The callback should take a bounded number of messages, so that no socket starves another; it is called again as
  /// long as there are more.
  public func onReadable(_ socket: borrowing Socket, _ callback: @escaping () -> Void) -> Token {
    socket.state.mayHaveMessages = true
    return add(socket.descriptor, .socket(socket.handle, socket.state), callback)
  }

  /// Calls back whenever a shared socket has messages, until cancelled.
  ///
  /// As with a socket of the loop's own, the callback may leave messages: it is called again.
  public func onReadable(_ socket: SharedSocket, _ callback: @escaping () -> Void) -> Token {
    let token = add(socket.fileDescriptor, .shared(socket), callback)
    socket.setReceiver(self, token)
    return token
  }

  /// Calls a source back once more, from any thread; nothing happens when it is gone.
  func recall(_ token: Token) { execute { [weak self] in self?.sources[token.id]?.callback() } }

  /// Calls back whenever a file descriptor can be read or was closed by the other side, until cancelled.
  public func onReadable(fileDescriptor: Int32, _ callback: @escaping () -> Void) -> Token {
    add(fileDescriptor, .descriptor, callback)
  }

  /// Calls back once at an instant, unless cancelled before.
  public func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping () -> Void) -> Token {
    checkIsolated()
    let id = takeID()
    timers.insert(Timer(deadline: deadline, id: id))
    timerActions[id] = action
    return Token(id: id)
  }

  /// Cancels a source or a timer; nothing happens when it is gone already.
  public func cancel(_ token: Token) {
    checkIsolated()
    if sources.removeValue(forKey: token.id) != nil { orderIsStale = true }
    if timerActions.removeValue(forKey: token.id) != nil { dropCancelledTimers() }
  }

  /// Cancelled timers stay in the heap; when they are the most of it, they are thrown out together.
  private func dropCancelledTimers() {
    guard timers.count > 64, timers.count > 2 * timerActions.count else { return }
    timers = Heap(timers.unordered.filter { timerActions[$0.id] != nil })
  }

  private func add(_ descriptor: Int32, _ kind: Source.Kind, _ callback: @escaping () -> Void) -> Token {
    checkIsolated()
    let id = takeID()
    sources[id] = (Source(id: id, descriptor: descriptor, kind: kind), callback)
    orderIsStale = true
    return Token(id: id)
  }

  /// How many timers take room, cancelled ones included.
  var pendingTimers: Int { timers.count }

  private func takeID() -> UInt64 {
    defer { nextID += 1 }
    return nextID
  }

  // MARK: - The thread

  private func add(_ work: Work) {
    if isOnLoop {
      local.append(work)
      return
    }
    pthread_mutex_lock(mutex)
    inbox.append(work)
    let mustWake = isAsleep
    isAsleep = false
    pthread_mutex_unlock(mutex)
    if mustWake { wake.signal() }
  }

  private func start() throws(ZeroMQError) {
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
          let loop = Unmanaged<EventLoop>.fromOpaque(argument!).takeRetainedValue()
        #else
          let loop = Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue()
        #endif
        loop.run()
        return nil
      }, started.toOpaque())
    guard code == 0 else {
      started.release()
      throw ZeroMQError(code: code, operation: "pthread_create", subject: name)
    }
    #if os(Linux)
      pthread_detach(thread)
    #else
      if let thread { pthread_detach(thread) }
    #endif
  }

  private func run() {
    threadID.store(Self.currentThread, ordering: .relaxed)
    name_current_thread(String(name.prefix(15)))
    while true {
      runWork()
      runTimers()
      if isStopping { break }
      awaitEvents()
    }
    sources.removeAll()
    timerActions.removeAll()
    // What is left was given before the stop or by it; running it resumes whoever waits for it.
    runWork()
    threadID.store(0, ordering: .relaxed)
    pthread_mutex_lock(mutex)
    hasFinished = true
    let waiting = finished
    finished = []
    pthread_mutex_unlock(mutex)
    for continuation in waiting { continuation.resume() }
  }

  private var isStopping: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return stopping && inbox.isEmpty && local.isEmpty
  }

  private func runWork() {
    // A bounded number of rounds: work that makes work must not keep the sockets waiting.
    for _ in 0..<8 {
      pthread_mutex_lock(mutex)
      isAsleep = false
      swap(&inbox, &spare)
      pthread_mutex_unlock(mutex)
      if !local.isEmpty {
        spare.append(contentsOf: local)
        local.removeAll(keepingCapacity: true)
      }
      guard !spare.isEmpty else { return }
      var batch: [Work] = []
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
    guard let first = timers.min else { return }
    let now = ContinuousClock.now
    guard first.deadline <= now else { return }
    while let timer = timers.min, timer.deadline <= now {
      timers.removeMin()
      if let action = timerActions.removeValue(forKey: timer.id) { action() }
    }
  }

  private func timeout() -> Int {
    if !local.isEmpty { return 0 }
    while let timer = timers.min {
      if timerActions[timer.id] == nil {
        timers.removeMin()
        continue
      }
      return (timer.deadline - ContinuousClock.now).roundedUpMilliseconds
    }
    return -1
  }

  /// Whether other threads have given the loop nothing that it should do before it waits; they wake it from now on.
  private func fallAsleep() -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    isAsleep = inbox.isEmpty && !stopping
    return isAsleep
  }

  private func arrangeSources() {
    orderIsStale = false
    order = sources.values.map(\.source).sorted { $0.id < $1.id }
    descriptors = [pollfd(fd: wake.readDescriptor, events: Int16(POLLIN), revents: 0)]
    descriptors += order.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
  }

  /// Waits for a descriptor, for at most that many milliseconds, or for ever if it is negative; tells how many there are.
  private func waitForDescriptors(_ timeout: Int32) -> Int32 {
    guard timeout != 0 else { return poll(&descriptors, nfds_t(descriptors.count), 0) }
    let begin = ContinuousClock.now
    var count: Int32 = 0
    var now = begin
    if busyWait.isWorthwhile(now: begin) {
      repeat {
        count = poll(&descriptors, nfds_t(descriptors.count), 0)
        if count != 0 { break }
        sched_yield()
        let before = now
        now = .now
        if !busyWait.yielded(for: now - before, now: now) { break }
      } while now - begin < BusyWait.limit
    }
    if count == 0 {
      count = poll(&descriptors, nfds_t(descriptors.count), timeout)
      now = .now
    }
    busyWait.waited(now - begin)
    return count
  }

  /// Waits until something happens, and calls back the sources it happened to.
  ///
  /// One poll of the descriptors: zmq_poll would ask every socket for its events before and after it, each time with
  /// system calls of their own.
  private func awaitEvents() {
    if orderIsStale { arrangeSources() }
    ready.removeAll(keepingCapacity: true)
    for index in order.indices where order[index].hasUnsignalledMessages { ready.append(index) }
    let wait = ready.isEmpty && fallAsleep() ? Int32(clamping: timeout()) : 0
    if waitForDescriptors(wait) > 0 {
      if descriptors[0].revents != 0 { wake.drain() }
      // A socket's descriptor may tell of something else than messages: its callback will find none.
      for index in order.indices where descriptors[index + 1].revents != 0 && !ready.contains(index) {
        ready.append(index)
      }
      ready.sort()
    }
    // What other threads gave this loop before they sent a message comes before that message.
    runWork()
    // Work or a callback may have cancelled a source.
    for index in ready { sources[order[index].id]?.callback() }
  }
}

extension EventLoop {
  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}
