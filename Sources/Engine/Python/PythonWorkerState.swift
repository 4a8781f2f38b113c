import MartletZeroMQ

/// The life of an engine's Python: looking for an interpreter, one task at a time, interrupts, the end.
///
/// A value without I/O: each event returns what to do. Time is an argument.
struct PythonWorkerState: Sendable {
  /// A request that Python works on.
  struct Task: Sendable, Hashable {
    /// Counts the requests, so that a timer can tell whether its task still runs.
    let number: Int
    /// The request's message id.
    let id: String
  }

  /// The stages of its life.
  enum Phase: Sendable, Hashable {
    case notStarted
    /// A process was started and has not said yet whether it can be used.
    case starting
    case idle
    case busy(Task)
    /// The task was interrupted and has not ended yet.
    case interrupting(Task)
    /// The process was killed and has not ended yet.
    case killed(Task?, PythonLoss.Cause)
    /// The engine leaves.
    case stopping
    case dead(PythonLoss)
  }

  private(set) var phase = Phase.notStarted
  private let candidates: [PythonCandidate]
  private var attempts: [PythonUnavailable.Attempt] = []
  /// Until when the last failure is not tried again.
  private var refusedUntil: ContinuousClock.Instant?
  /// The request that waits for the start.
  private var waiting: String?
  private var isStartInterrupted = false
  /// How often the interpreter that is being started was killed meanwhile.
  private var killCount = 0
  private var taskCount = 0
  /// How often Python was interrupted.
  private var interruptCount = 0

  /// For how long no interpreter is looked for after none was found. Short, so that installing packages helps soon; not
  /// zero, because starting every candidate takes a second or more.
  static let patience = Duration.seconds(10)

  /// How often an interpreter may be killed while it starts, by the system when memory is short for example, until it counts
  /// as one that can't be used.
  static let killLimit = 3

  /// A Python that is not started.
  init(candidates: [PythonCandidate]) { self.candidates = candidates }

  /// Whether names and values are Python's: from its start on.
  var isRunning: Bool {
    switch phase {
    case .notStarted, .stopping, .dead: false
    case .starting, .idle, .busy, .interrupting, .killed: true
    }
  }

  /// The request that Python works on.
  var runningTask: Task? {
    switch phase {
    case .busy(let task), .interrupting(let task): task
    case .killed(let task, _): task
    case .notStarted, .starting, .idle, .stopping, .dead: nil
    }
  }

  // MARK: - Start

  /// A request needs Python, or an engine that starts it without one.
  ///
  /// - Parameter id: the request's message id.
  mutating func need(id: String?, now: ContinuousClock.Instant) -> Need {
    switch phase {
    case .notStarted:
      if let refusedUntil, now < refusedUntil { return .refuse(PythonUnavailable(attempts: attempts)) }
      attempts = []
      killCount = 0
      waiting = id
      isStartInterrupted = false
      return startNext(now: now)
    case .starting:
      waiting = id ?? waiting
      return .wait
    case .idle: return .go
    // One request at a time comes here.
    case .busy, .interrupting, .killed: return .wait
    case .stopping: return .leave
    case .dead(let loss): return .lost(loss)
    }
  }

  /// The interpreter that was started can't be used.
  ///
  /// - Parameter wasKilled: whether a signal has ended it, which says nothing about another try.
  mutating func startFailed(_ reason: String, wasKilled: Bool = false, now: ContinuousClock.Instant) -> Need {
    guard phase == .starting else { return phase == .stopping ? .leave : .wait }
    if isStartInterrupted {
      isStartInterrupted = false
      attempts = []
      phase = .notStarted
      return .interrupted
    }
    if wasKilled {
      killCount += 1
      if killCount < Self.killLimit { return .start(candidates[attempts.count]) }
    }
    killCount = 0
    attempts.append(PythonUnavailable.Attempt(candidate: candidates[attempts.count], reason: reason))
    return startNext(now: now)
  }

  /// The interpreter that was started is ready.
  mutating func ready() {
    guard phase == .starting else { return }
    phase = .idle
    waiting = nil
  }

  private mutating func startNext(now: ContinuousClock.Instant) -> Need {
    while attempts.count < candidates.count {
      let candidate = candidates[attempts.count]
      if candidate.path != nil {
        phase = .starting
        return .start(candidate)
      }
      attempts.append(PythonUnavailable.Attempt(candidate: candidate, reason: "there is no such program"))
    }
    phase = .notStarted
    refusedUntil = now + Self.patience
    return .refuse(PythonUnavailable(attempts: attempts))
  }

  // MARK: - Tasks

  /// A request is sent to Python.
  ///
  /// - Returns: how often Python was interrupted so far, which tells it whether an interrupt that strikes before it has
  ///   read this request is meant for it; `nil` if Python can't take the request.
  mutating func begin(id: String) -> Int? {
    guard phase == .idle else { return nil }
    taskCount += 1
    phase = .busy(Task(number: taskCount, id: id))
    return interruptCount
  }

  /// Python has answered the request.
  mutating func finish() {
    switch phase {
    case .busy, .interrupting: phase = .idle
    // The signal can't be taken back.
    case .killed(_, let cause): phase = .killed(nil, cause)
    case .notStarted, .starting, .idle, .stopping, .dead: break
    }
  }

  /// Someone wants a task to end.
  ///
  /// - Parameters:
  ///   - id: the request's message id; `nil` for whichever runs.
  ///   - isAnew: whether a task that was interrupted before has another time of grace, of which the shorter one counts.
  mutating func interrupt(id: String?, isAnew: Bool = false) -> Interruption {
    switch phase {
    case .busy(let task) where id == nil || task.id == id:
      phase = .interrupting(task)
      interruptCount += 1
      return .signal(thenWatch: task)
    case .interrupting(let task) where id == nil || task.id == id:
      interruptCount += 1
      return .signal(thenWatch: isAnew ? task : nil)
    case .starting where waiting != nil && (id == nil || waiting == id):
      isStartInterrupted = true
      return .kill
    case .idle where id == nil:
      interruptCount += 1
      return .signalConsole
    case .notStarted, .starting, .idle, .busy, .interrupting, .killed, .stopping, .dead: return .nothing
    }
  }

  /// The time to obey an interrupt is over.
  ///
  /// - Returns: whether to kill the process: the task still runs.
  mutating func graceEnded(_ task: Task, grace: Duration) -> Bool {
    guard phase == .interrupting(task) else { return false }
    phase = .killed(task, .ignoredInterrupt(grace))
    return true
  }

  /// Python sent something that makes no sense; the process is killed.
  mutating func protocolBroken(_ reason: String) {
    switch phase {
    case .idle: phase = .killed(nil, .brokeProtocol(reason))
    case .busy(let task), .interrupting(let task): phase = .killed(task, .brokeProtocol(reason))
    case .notStarted, .starting, .killed, .stopping, .dead: break
    }
  }

  // MARK: - End

  /// The process has ended.
  mutating func exited(_ exit: SpawnedProcess.Exit) -> Ending {
    let loss: PythonLoss
    switch phase {
    case .starting: return .candidateFailed
    case .notStarted, .stopping: return .expected
    case .dead(let loss): return .lost(loss)
    case .idle: loss = PythonLoss(cause: .ended(exit), lostTask: false)
    case .busy, .interrupting: loss = PythonLoss(cause: .ended(exit), lostTask: true)
    case .killed(let task, let cause): loss = PythonLoss(cause: cause, lostTask: task != nil)
    }
    phase = .dead(loss)
    return .lost(loss)
  }

  /// The engine leaves.
  mutating func stop() -> Stop {
    switch phase {
    case .notStarted, .stopping, .dead:
      phase = .stopping
      return .nothing
    case .idle:
      phase = .stopping
      return .end
    case .starting, .busy, .interrupting, .killed:
      phase = .stopping
      return .kill
    }
  }
}
