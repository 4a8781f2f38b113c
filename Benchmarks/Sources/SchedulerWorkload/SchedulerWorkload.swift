/// Work for the task scheduler's state machine, without messages and sockets.
///
/// The scheduler's sources are part of this module, through links to the folders `Scheduling` and `Collections`, so its
/// generic code is specialised as in the controller.
public enum SchedulerWorkload {
  /// Submits one task after the other, each after the reply to the one before.
  public static func cycles(_ count: Int, engines: Int) {
    let now = Instant.now
    var state = scheduler(engines: engines, now: now)
    for number in 0..<count {
      state.taskSubmitted(.init(id: identifier(number), payload: number, client: "session"), now: now)
      answerAll(&state, now)
    }
  }

  /// Queues all tasks while the engines are busy, then replies until none is left.
  ///
  /// - Parameter withDependencies: whether each task waits for the one at three quarters of its number, which is still in
  ///   the history of finished tasks.
  public static func drain(_ count: Int, engines: Int, withDependencies: Bool) {
    let now = Instant.now
    var state = scheduler(engines: engines, now: now)
    for number in 0..<count {
      var submission = TaskSubmission(id: identifier(number), payload: number, client: "session")
      if withDependencies && number > 0 && state.queuedCount + state.waitingCount > 0 {
        submission.after = TaskDependency([identifier(number / 2 + number / 4)])
      }
      state.taskSubmitted(submission, now: now)
    }
    answerAll(&state, now)
    precondition(state.queuedCount + state.waitingCount + state.pendingCount == 0)
  }

  /// Keeps a queue of a given length while tasks are submitted and answered, one after the other.
  ///
  /// - Parameters:
  ///   - clients: how many clients submit the tasks, in turns.
  ///   - priorities: how many priorities these have.
  ///   - forOneEngine: whether they may run on the first engine only.
  public static func backlog(
    _ queue: Int, then count: Int, clients: Int, priorities: Int, forOneEngine: Bool = false
  ) {
    let now = Instant.now
    var state = scheduler(engines: 4, now: now)
    let sessions = (0..<clients).map { "session-\($0)" }
    for number in 0..<(queue + count) {
      let priority = Int8(number / clients % priorities)
      var submission = TaskSubmission(
        id: identifier(number), payload: number, priority: priority, client: sessions[number % clients])
      if forOneEngine { submission.targets = [engine(0)] }
      state.taskSubmitted(submission, now: now)
      guard number >= queue else { continue }
      // One that is running ends, and another one starts.
      while let action = state.nextAction() {
        guard case .dispatch(let payload, let id, let engine, _) = action else { continue }
        state.replyArrived(from: engine, taskID: id, outcome: .ok, reply: payload, now: now)
        break
      }
    }
  }

  private static func identifier(_ number: Int) -> String { "c0ffee00-1234567890abcdef_4242_\(number)" }

  private static func engine(_ number: Int) -> EngineIdentity { .init("0123abcd-4567-89ab-cdef-00000000000\(number)") }

  private static func scheduler(engines: Int, now: Instant) -> TaskSchedulerState<Int> {
    var state = TaskSchedulerState<Int>(configuration: .init(queueLimit: .none), seed: 1)
    for number in 0..<engines { state.engineRegistered(engine(number), now: now) }
    return state
  }

  private static func answerAll(_ state: inout TaskSchedulerState<Int>, _ now: Instant) {
    while let action = state.nextAction() {
      if case .dispatch(let payload, let id, let engine, _) = action {
        state.replyArrived(from: engine, taskID: id, outcome: .ok, reply: payload, now: now)
      }
    }
  }
}
