import Synchronization

extension AsyncResult {
  /// What each task has printed and displayed so far, in the order of the tasks.
  ///
  /// Output has a channel of its own and may arrive after the value. To have all of it, call
  /// ``waitForOutput(timeout:)`` first.
  public var output: [TaskOutput] {
    state.storage.withLock { state in (0..<state.tasks.count).map { state.outputs[$0] ?? TaskOutput() } }
  }

  /// What the tasks have printed on standard output so far, task by task.
  public var stdout: String { output.map(\.stdout).joined() }

  /// What the tasks have printed on standard error so far, task by task.
  public var stderr: String { output.map(\.stderr).joined() }

  /// What the tasks have displayed so far, task by task: figures, tables and the like.
  public var displays: [DisplayData] { output.flatMap(\.displays) }

  /// Waits until every task has finished and all its output has arrived.
  ///
  /// - Parameter timeout: how long to wait. Zero or less means not at all.
  /// - Returns: false after a timeout. The output may then lack its end: its channel can lose messages.
  /// - Throws: `CancellationError`.
  @discardableResult
  public func waitForOutput(timeout: Duration = .seconds(10)) async throws -> Bool {
    do {
      try await wait(for: .output, timeout: timeout)
      return true
    } catch let error as ClientError where error.code == .timeout {
      return false
    }
  }

  /// The lines the tasks print, as they arrive, starting with those that have arrived already. Ends when all output is
  /// complete.
  public func streamOutput() -> OutputLines { OutputLines(stream: state.lineStream(), state: state) }
}
