#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The work that other threads have given to an event loop, and the stage of the loop's life.
///
/// `@unchecked Sendable`: every access to the variables is under the mutex.
final class LoopInbox: @unchecked Sendable {
  enum Work {
    case job(UnownedJob)
    case closure(@Sendable () -> Void)
  }

  private enum Stage {
    /// Not started.
    case idle
    case running
    /// Stopped, with work left.
    case stopping
    case ended
    /// Ended, with a thread that runs work given afterwards.
    case revived
  }

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var stage = Stage.idle
  private var work: [Work] = []
  /// The loop waits, or is about to, and nobody has woken it yet.
  private var isAsleep = false
  /// Whoever waits for the end.
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init() {
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  // MARK: - From any thread

  enum Addition {
    case queued
    /// Queued; the caller has to wake the loop.
    case mustWake
    /// Queued; the caller has to start a thread, because the last one has ended.
    case needsThread
    case refused
  }

  func add(_ new: Work, refusedAfterEnd: Bool) -> Addition {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if stage == .ended || stage == .revived {
      if refusedAfterEnd { return .refused }
      work.append(new)
      defer { stage = .revived }
      return stage == .ended ? .needsThread : .queued
    }
    work.append(new)
    defer { isAsleep = false }
    return isAsleep ? .mustWake : .queued
  }

  enum Start {
    case needsThread, isRunning, hasEnded
  }

  /// Notes that the loop starts.
  func start() -> Start {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    switch stage {
    case .idle:
      stage = .running
      return .needsThread
    case .running: return .isRunning
    case .stopping, .ended, .revived: return .hasEnded
    }
  }

  enum Stop {
    /// The thread ends by itself, or has ended; wake it.
    case ending
    /// There is work, and no thread to run it: the loop was never started.
    case needsThread
    /// The loop was never started and has nothing to do.
    case ended([CheckedContinuation<Void, Never>])
  }

  func stop() -> Stop {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    switch stage {
    case .running:
      stage = .stopping
      return .ending
    case .stopping, .ended, .revived: return .ending
    case .idle where work.isEmpty: return .ended(markEnded())
    case .idle:
      stage = .stopping
      return .needsThread
    }
  }

  /// Whether the loop has ended; if not, the continuation is resumed when it does.
  func hasEnded(orResume continuation: CheckedContinuation<Void, Never>) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if stage == .ended || stage == .revived { return true }
    waiting.append(continuation)
    return false
  }

  // MARK: - From the loop's thread

  /// Takes the work that is there, in exchange for an empty array with room for more.
  func exchange(_ empty: inout [Work]) {
    pthread_mutex_lock(mutex)
    isAsleep = false
    swap(&work, &empty)
    pthread_mutex_unlock(mutex)
  }

  /// Whether there is nothing to do before the loop waits; from now on, whoever adds work wakes it.
  func fallAsleep() -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    isAsleep = work.isEmpty && stage == .running
    return isAsleep
  }

  /// Whether the loop has been stopped and there is no work.
  var isStopping: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return stage != .running && work.isEmpty
  }

  /// Ends the loop: from now on, work needs another thread.
  ///
  /// - Returns: whoever waits for the end; `nil` if there is work that has to run first.
  func end() -> [CheckedContinuation<Void, Never>]? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return work.isEmpty ? markEnded() : nil
  }

  private func markEnded() -> [CheckedContinuation<Void, Never>] {
    stage = .ended
    defer { waiting = [] }
    return waiting
  }
}
