import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An engine's Python: a child process that runs Python code, one request at a time.
///
/// The engine's worker thread sends it a request and waits for the answer, so a request changes threads no more often than
/// one for Swift. Meanwhile the I/O loop interrupts or kills it. While Python has nothing to do, the worker thread's loop
/// watches its socket. ``PythonWorkerState`` decides what happens; this drives it.
final class PythonWorker: Sendable {
  /// What Python's messages go to, and who is told of its end.
  struct Surroundings: Sendable {
    let number: EngineNumber
    let engineUUID: String
    let sender: ReplySender
    let capture: OutputCapture<Bytes>?
    /// The descriptors that become its standard output and error.
    let output: Int32
    let errors: Int32
    let ioLoop: EventLoop
    /// The loop of the engine's worker thread. Python is started on that thread, because it ends with it.
    let workerLoop: EventLoop
    let logger: Logger
    /// Called once when Python has ended and the engine has to leave, with the reason.
    let onLoss: @Sendable (String) -> Void
  }

  /// What any thread may look at.
  struct Shared {
    var state: PythonWorkerState
    var process: SpawnedProcess?
    var stream: StreamSocket?
    /// Told when the process has ended.
    var ending: CheckedContinuation<Void, Never>?
    var isLossReported = false
  }

  /// What belongs to whoever talks to Python, from a question to its answer.
  struct Conversation {
    var socket: WorkerSocket?
    /// The loop's watch of the socket.
    var watch = PythonWatch()
    /// The header of the last request that Python ran, to which whatever it publishes later belongs.
    var parent: Bytes?
    var executionCount = 0
  }

  let configuration: PythonConfiguration
  let surroundings: Surroundings
  let shared: Mutex<Shared>
  /// Held by one thread at a time, for as long as Python runs a request. Taken before `shared`, never while holding it.
  let conversation = Mutex(Conversation())

  /// Creates the driver. It starts nothing.
  init(_ configuration: PythonConfiguration, _ surroundings: Surroundings, locator: PythonLocator = .system) {
    self.configuration = configuration
    self.surroundings = surroundings
    shared = Mutex(Shared(state: PythonWorkerState(candidates: locator.candidates(configuration))))
  }

  /// Whether Python has been started and has not ended.
  var isRunning: Bool { shared.withLock { $0.state.isRunning } }

  // MARK: - From the I/O loop

  /// Interrupts the running request.
  ///
  /// - Parameters:
  ///   - id: its message id; `nil` for whichever runs.
  ///   - grace: how long it may go on before the process is killed; `nil` for as long as the configuration says.
  ///   - isAnew: whether the time of grace counts even if the request was interrupted before and has one.
  /// - Returns: whether it was running.
  @discardableResult
  func interrupt(_ id: String?, grace: Duration? = nil, isAnew: Bool = false) -> Bool {
    // The signal is sent under the lock, so that it can't reach the next request.
    let (isRunning, watched) = shared.withLock { shared -> (Bool, PythonWorkerState.Task?) in
      switch shared.state.interrupt(id: id, isAnew: isAnew) {
      case .nothing: return (false, nil)
      case .signal(let watched):
        shared.process?.signal(SIGINT)
        return (true, watched)
      case .signalConsole:
        shared.process?.signal(SIGINT)
        return (false, nil)
      case .kill:
        shared.process?.signal(SIGKILL, toGroup: true)
        return (true, nil)
      }
    }
    if let watched {
      watch(watched, grace: grace ?? configuration.interruptGrace)
      nudge(watched, after: Self.firstNudge)
    }
    return isRunning
  }

  /// The message id of the request that Python runs.
  var runningID: String? { shared.withLock { $0.state.runningTask?.id } }

  /// Sends a signal other than SIGINT to the process.
  ///
  /// - Returns: whether there is one.
  func signal(_ number: Int32) -> Bool {
    shared.withLock { shared in shared.state.isRunning && shared.process?.signal(number) ?? false }
  }

  /// The bytes that the process occupies; 0 if there is none.
  var residentSize: Int {
    shared.withLock { shared in
      guard shared.state.isRunning, let process = shared.process else { return 0 }
      return ProcessMemory.residentSize(of: process.pid) ?? 0
    }
  }

  /// Ends Python because the engine leaves: lets it end by itself if it is idle, for a limited time, or else kills it.
  func stop() async {
    await withCheckedContinuation { continuation in
      let mustWait = shared.withLock { shared in
        switch shared.state.stop() {
        case .nothing: return false
        case .kill:
          shared.process?.signal(SIGKILL, toGroup: true)
          return false
        case .end:
          shared.ending = continuation
          shared.stream?.endSending()
          return true
        }
      }
      if mustWait { limitWait() } else { continuation.resume() }
    }
  }

  private func limitWait() {
    let ioLoop = surroundings.ioLoop
    do {
      try ioLoop.execute {
        _ = ioLoop.schedule(at: .now + Self.exitPatience) { self.exitTimeEnded() }
      }
    } catch {
      exitTimeEnded()
    }
  }

  private func exitTimeEnded() {
    kill()
    shared.withLock { $0.ending.take() }?.resume()
  }

  /// A process has ended.
  func hasEnded(_ process: SpawnedProcess) {
    // An interpreter that could not be used may end late.
    shared.withLock { $0.process === process ? $0.ending.take() : nil }?.resume()
  }

  /// How long an idle Python may take for its exit handlers when the engine leaves.
  private static let exitPatience = Duration.seconds(1)

  func kill() { shared.withLock { _ = $0.process?.signal(SIGKILL, toGroup: true) } }

  private func watch(_ task: PythonWorkerState.Task, grace: Duration) {
    let ioLoop = surroundings.ioLoop
    try? ioLoop.execute {
      _ = ioLoop.schedule(at: .now + grace) {
        self.shared.withLock { shared in
          if shared.state.graceEnded(task, grace: grace) { shared.process?.signal(SIGKILL, toGroup: true) }
        }
      }
    }
  }

  /// Makes Python look for the signal that has interrupted its task, until the task ends: a signal that strikes just before a
  /// system call doesn't cut it short.
  private func nudge(_ task: PythonWorkerState.Task, after pause: Duration) {
    let ioLoop = surroundings.ioLoop
    try? ioLoop.execute {
      _ = ioLoop.schedule(at: .now + pause) {
        let goesOn = self.shared.withLock { shared in
          shared.state.phase == .interrupting(task) && shared.process?.signal(SIGURG) ?? false
        }
        if goesOn { self.nudge(task, after: min(pause * 2, Self.longestPause)) }
      }
    }
  }

  /// When an interrupted Python is nudged first, and the longest pause between two times.
  private static let (firstNudge, longestPause) = (Duration.milliseconds(10), Duration.seconds(1))

  // MARK: - The end

  /// Tells the engine that Python has ended, if it has and the engine does not know.
  ///
  /// - Returns: whether it has ended.
  @discardableResult
  func reportLoss() -> Bool {
    let loss = shared.withLock { shared -> (PythonLoss, isNew: Bool)? in
      guard case .dead(let loss) = shared.state.phase else { return nil }
      defer { shared.isLossReported = true }
      return (loss, !shared.isLossReported)
    }
    guard let loss else { return false }
    if loss.isNew { surroundings.onLoss(describe(loss.0)) }
    return true
  }

  /// What happened to Python, with the last lines it wrote to standard error.
  func describe(_ loss: PythonLoss) -> String {
    if let capture = surroundings.capture { surroundings.sender.publishOutput(of: capture) }
    return loss.message(engineID: surroundings.number.current, errors: surroundings.capture?.tail(of: "stderr") ?? "")
  }
}
