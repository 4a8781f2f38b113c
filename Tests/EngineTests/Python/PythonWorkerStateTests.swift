import Testing

@testable import MartletEngine
@testable import MartletZeroMQ

@Suite struct PythonWorkerStateTests {
  private let first = PythonCandidate(path: "/a/python", origin: "$VIRTUAL_ENV/bin/python")
  private let missing = PythonCandidate(path: nil, origin: "$CONDA_PREFIX/bin/python")
  private let last = PythonCandidate(path: "/b/python3", origin: "python3 on the PATH")
  private let now = ContinuousClock.now

  /// A worker in the middle of its life.
  private func idle() -> PythonWorkerState {
    var state = PythonWorkerState(candidates: [first])
    #expect(state.need(id: "a", now: now) == .start(first))
    state.ready()
    return state
  }

  private func busy(_ id: String = "a") -> PythonWorkerState {
    var state = idle()
    #expect(state.begin(id: id) != nil)
    return state
  }

  // MARK: - Start

  @Test func startsOnceAndIsReady() {
    var state = PythonWorkerState(candidates: [first])
    #expect(!state.isRunning)
    #expect(state.need(id: "a", now: now) == .start(first))
    #expect(state.isRunning)
    #expect(state.need(id: "a", now: now) == .wait)
    #expect(state.begin(id: "a") == nil)
    state.ready()
    #expect(state.need(id: "a", now: now) == .go)
    #expect(state.begin(id: "a") != nil)
    #expect(state.runningTask == PythonWorkerState.Task(number: 1, id: "a"))
    state.finish()
    #expect(state.phase == .idle)
  }

  @Test func triesEveryCandidateInTurn() {
    var state = PythonWorkerState(candidates: [first, missing, last])
    #expect(state.need(id: "a", now: now) == .start(first))
    #expect(state.startFailed("too old", now: now) == .start(last))
    let need = state.startFailed("it lacks IPython", now: now)
    guard case .refuse(let error) = need else {
      Issue.record("\(need)")
      return
    }
    #expect(error.attempts.map(\.reason) == ["too old", "there is no such program", "it lacks IPython"])
    #expect(error.description.contains("/a/python ($VIRTUAL_ENV/bin/python): too old"))
    #expect(error.description.contains("pip install ipyparallel"))
    #expect(!state.isRunning)
  }

  @Test func anInterpreterThatIsKilledIsStartedAgain() {
    var state = PythonWorkerState(candidates: [first, last])
    #expect(state.need(id: "a", now: now) == .start(first))
    #expect(state.startFailed("signal 9", wasKilled: true, now: now) == .start(first))
    #expect(state.startFailed("signal 9", wasKilled: true, now: now) == .start(first))
    // It never comes up.
    #expect(state.startFailed("signal 9", wasKilled: true, now: now) == .start(last))
    #expect(state.startFailed("signal 9", wasKilled: true, now: now) == .start(last))
    #expect(
      state.startFailed("too old", now: now)
        == .refuse(
          PythonUnavailable(attempts: [
            .init(candidate: first, reason: "signal 9"), .init(candidate: last, reason: "too old"),
          ])))
  }

  @Test func aFailureIsRememberedForAWhileOnly() {
    var state = PythonWorkerState(candidates: [first])
    #expect(state.need(id: "a", now: now) == .start(first))
    let refusal = state.startFailed("no", now: now)
    #expect(state.need(id: "b", now: now + .seconds(9)) == refusal)
    #expect(state.need(id: "c", now: now + PythonWorkerState.patience) == .start(first))
    state.ready()
    #expect(state.phase == .idle)
  }

  @Test func withoutCandidatesThereIsNoPython() {
    var state = PythonWorkerState(candidates: [])
    #expect(state.need(id: "a", now: now) == .refuse(PythonUnavailable(attempts: [])))
  }

  @Test func theEndDuringTheStartIsTheCandidatesFailure() {
    var state = PythonWorkerState(candidates: [first])
    _ = state.need(id: "a", now: now)
    #expect(state.exited(.exited(1)) == .candidateFailed)
    #expect(state.phase == .starting)
  }

  @Test func anInterruptDuringTheStartEndsTheRequestThatWaits() {
    var state = PythonWorkerState(candidates: [first, last])
    _ = state.need(id: "a", now: now)
    #expect(state.interrupt(id: "b") == .nothing)
    #expect(state.interrupt(id: "a") == .kill)
    #expect(state.exited(.signalled(9)) == .candidateFailed)
    #expect(state.startFailed("killed", now: now) == .interrupted)
    // Nothing was wrong with the interpreter.
    #expect(state.need(id: "b", now: now) == .start(first))
  }

  @Test func anEarlyStartCannotBeInterrupted() {
    var state = PythonWorkerState(candidates: [first])
    #expect(state.need(id: nil, now: now) == .start(first))
    #expect(state.interrupt(id: nil) == .nothing)
    // Now a request waits.
    #expect(state.need(id: "a", now: now) == .wait)
    #expect(state.interrupt(id: nil) == .kill)
  }

  // MARK: - Interrupts

  @Test func anInterruptIsForTheRunningTaskOnly() {
    var state = idle()
    #expect(state.interrupt(id: "a") == .nothing)
    #expect(state.begin(id: "a") != nil)
    let task = PythonWorkerState.Task(number: 1, id: "a")
    #expect(state.interrupt(id: "b") == .nothing)
    #expect(state.interrupt(id: "a") == .signal(thenWatch: task))
    #expect(state.phase == .interrupting(task))
    // Again, but the time it has does not begin anew.
    #expect(state.interrupt(id: nil) == .signal(thenWatch: nil))
    // Unless somebody has less patience.
    #expect(state.interrupt(id: "a", isAnew: true) == .signal(thenWatch: task))
    state.finish()
    #expect(state.phase == .idle)
    #expect(state.interrupt(id: "a") == .nothing)
    // Three signals were sent before this one begins.
    #expect(state.begin(id: "b") == 3)
  }

  @Test func anInterruptBetweenTasksIsForAConsole() {
    var state = idle()
    #expect(state.interrupt(id: nil) == .signalConsole)
    #expect(state.phase == .idle)
    // Which Python is told, so that the task isn't interrupted by it.
    #expect(state.begin(id: "a") == 1)
  }

  @Test func whoeverIgnoresAnInterruptIsKilled() {
    var state = busy()
    let task = PythonWorkerState.Task(number: 1, id: "a")
    #expect(state.graceEnded(task, grace: .seconds(5)) == false)
    _ = state.interrupt(id: "a")
    #expect(state.graceEnded(task, grace: .seconds(5)) == true)
    #expect(state.interrupt(id: "a") == .nothing)
    let loss = PythonLoss(cause: .ignoredInterrupt(.seconds(5)), lostTask: true)
    #expect(state.exited(.signalled(9)) == .lost(loss))
    #expect(state.phase == .dead(loss))
    #expect(loss.message(engineID: 3, errors: "").contains("engine 3"))
  }

  @Test func theGraceOfOneTaskIsNotAnothers() {
    var state = busy("a")
    let task = PythonWorkerState.Task(number: 1, id: "a")
    _ = state.interrupt(id: "a")
    state.finish()
    #expect(state.begin(id: "a") != nil)
    _ = state.interrupt(id: "a")
    #expect(state.graceEnded(task, grace: .seconds(5)) == false)
    #expect(state.graceEnded(PythonWorkerState.Task(number: 2, id: "a"), grace: .seconds(5)) == true)
  }

  @Test func anAnswerAfterTheKillDoesNotSaveTheProcess() {
    var state = busy()
    _ = state.interrupt(id: "a")
    _ = state.graceEnded(PythonWorkerState.Task(number: 1, id: "a"), grace: .seconds(5))
    state.finish()
    #expect(state.begin(id: "b") == nil)
    #expect(state.runningTask == nil)
    #expect(
      state.exited(.signalled(9)) == .lost(PythonLoss(cause: .ignoredInterrupt(.seconds(5)), lostTask: false)))
  }

  // MARK: - The end

  @Test(arguments: [SpawnedProcess.Exit.exited(3), .signalled(11), .unknown])
  func anEndLosesTheTask(exit: SpawnedProcess.Exit) {
    var state = busy()
    let loss = PythonLoss(cause: .ended(exit), lostTask: true)
    #expect(state.exited(exit) == .lost(loss))
    #expect(state.need(id: "b", now: now) == .lost(loss))
    #expect(state.begin(id: "b") == nil)
    #expect(!state.isRunning)
    #expect(state.exited(.exited(0)) == .lost(loss))
    #expect(state.stop() == .nothing)
  }

  @Test func theTextNamesSignalOrStatus() {
    func message(_ exit: SpawnedProcess.Exit, _ errors: String = "Fatal Python error") -> String {
      PythonLoss(cause: .ended(exit), lostTask: true).message(engineID: 0, errors: errors)
    }
    #expect(message(.signalled(11)).contains("SIGSEGV (signal 11)"))
    #expect(message(.signalled(11)).hasSuffix("Fatal Python error"))
    #expect(message(.exited(3)).contains("exited with status 3"))
    // The report of a crash begins with what matters most, other output ends with it.
    let lines = (0..<40).map { "line \($0)\n" }.joined()
    #expect(message(.exited(1), lines).hasSuffix("\nline 38\nline 39"))
    #expect(!message(.exited(1), lines).contains("line 20\n"))
    let crash = message(.signalled(11), "before\nFatal Python error: Aborted\n\n" + lines)
    #expect(crash.contains("error:\nFatal Python error: Aborted\nline 0\n"))
    #expect(crash.hasSuffix("line 10"))
  }

  @Test func anEndBetweenTasksLosesNone() {
    var state = idle()
    #expect(state.exited(.exited(0)) == .lost(PythonLoss(cause: .ended(.exited(0)), lostTask: false)))
  }

  @Test func nonsenseEndsIt() {
    for var state in [idle(), busy()] {
      let hadTask = state.runningTask != nil
      state.protocolBroken("half a message")
      #expect(state.begin(id: "b") == nil)
      #expect(
        state.exited(.signalled(9))
          == .lost(PythonLoss(cause: .brokeProtocol("half a message"), lostTask: hadTask)))
    }
  }

  @Test func theEngineLeaves() {
    var state = PythonWorkerState(candidates: [first])
    #expect(state.stop() == .nothing)
    #expect(state.need(id: "a", now: now) == .leave)
    state = PythonWorkerState(candidates: [first])
    _ = state.need(id: "a", now: now)
    #expect(state.stop() == .kill)
    #expect(state.startFailed("killed", now: now) == .leave)
    state = idle()
    #expect(state.stop() == .end)
    #expect(state.exited(.exited(0)) == .expected)
    state = busy()
    #expect(state.stop() == .kill)
    #expect(state.exited(.signalled(9)) == .expected)
    #expect(state.interrupt(id: nil) == .nothing)
    #expect(state.need(id: "b", now: now) == .leave)
  }
}
