/// A line of a task's output.
public struct OutputLine: Sendable, Hashable, CustomStringConvertible {
  /// The stream a task wrote to.
  public enum Source: String, Sendable, Hashable, CaseIterable {
    /// Standard output.
    case stdout
    /// Standard error.
    case stderr
  }

  /// The text without its newline.
  public let text: String
  /// Standard output or standard error.
  public let source: Source
  /// The task's position among those of the call.
  public let index: Int

  /// The text.
  public var description: String { text }
}

/// The lines the tasks of a call print, as they arrive; ends when all output is complete.
public struct OutputLines: AsyncSequence, Sendable {
  let stream: AsyncStream<OutputLine>
  // Output is collected only while something refers to the result.
  let state: ResultState

  /// Hands out the lines.
  public struct AsyncIterator: AsyncIteratorProtocol {
    var lines: AsyncStream<OutputLine>.AsyncIterator
    let state: ResultState

    /// The next line, or `nil` when all output is complete.
    public mutating func next() async -> OutputLine? { await lines.next() }
  }

  /// An iterator over the lines. All iterators of one sequence share its lines.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(lines: stream.makeAsyncIterator(), state: state)
  }
}
