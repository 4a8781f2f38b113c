/// What the events in the life of an engine's Python require.
extension PythonWorkerState {
  /// What a request that needs Python has to do first.
  enum Need: Sendable, Hashable {
    /// Start this interpreter and wait for its answer.
    case start(PythonCandidate)
    /// Wait for the answer of the one that was started.
    case wait
    /// Nothing: Python waits for a request.
    case go
    /// Fail: no interpreter can be used.
    case refuse(PythonUnavailable)
    /// Fail: the request was interrupted while Python started.
    case interrupted
    /// Fail: Python is gone.
    case lost(PythonLoss)
    /// Give up: the engine is leaving.
    case leave
  }

  /// What an interrupt does.
  enum Interruption: Sendable, Hashable {
    /// Nothing: the task doesn't run.
    case nothing
    /// Send SIGINT; and if a task is given, come back when its grace is over.
    case signal(thenWatch: Task?)
    /// Send SIGINT: no request runs, but a console's code may.
    case signalConsole
    /// Kill the process, which is still starting.
    case kill
  }

  /// What the end of the process means.
  enum Ending: Sendable, Hashable {
    /// The interpreter that was started can't be used: see what to do next.
    case candidateFailed
    /// The engine wanted it.
    case expected
    case lost(PythonLoss)
  }

  /// What the engine's leaving requires.
  enum Stop: Sendable, Hashable {
    case nothing
    /// Let Python end by itself.
    case end
    /// Kill it: it computes.
    case kill
  }
}
