import Synchronization

extension AsyncResult {
  /// What each task printed and displayed so far. Output travels on its own channel and may come after the value:
  /// ``waitForOutput(timeout:)`` first.
  public var output: [TaskOutput] {
    state.storage.withLock { state in (0..<state.tasks.count).map { state.outputs[$0] ?? TaskOutput() } }
  }

  /// What all tasks printed on standard output so far, one after the other.
  public var stdout: String { output.map(\.stdout).joined() }

  /// What all tasks printed on standard error so far, one after the other.
  public var stderr: String { output.map(\.stderr).joined() }

  /// Waits until every task is done and its engine has published all output.
  ///
  /// - Returns: false when that did not happen within the timeout: the output may lack its end, because the channel it
  ///   travels on may lose messages.
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

  /// The lines the tasks print, as they come; what came already first. Ends when all output is complete.
  public func streamOutput() -> OutputLines { OutputLines(stream: state.lineStream(), state: state) }
}

/// The lines the tasks of a call print.
public struct OutputLines: AsyncSequence, Sendable {
  let stream: AsyncStream<OutputLine>
  // Output is collected only as long as somebody holds the result.
  let state: ResultState

  /// Hands out the lines.
  public struct AsyncIterator: AsyncIteratorProtocol {
    var lines: AsyncStream<OutputLine>.AsyncIterator
    let state: ResultState

    /// The next line; waits for it.
    public mutating func next() async -> OutputLine? { await lines.next() }
  }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(lines: stream.makeAsyncIterator(), state: state)
  }
}
