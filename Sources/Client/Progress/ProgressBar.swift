import Foundation
import Synchronization

/// Shows how far something has come: a bar on a terminal and in a notebook, a line now and then in a log.
///
/// ```swift
/// let bar = ProgressBar("words", total: files.count)
/// for try await (_, count) in try view.map(wordCount, files).asCompleted {
///   …
///   bar.advance()
/// }
/// bar.finish()
/// ```
/// ``AsyncResult/showProgress(_:)`` does so for a call. May be used from any thread.
public final class ProgressBar: Sendable {
  private let state: Mutex<ProgressBarState>
  private let output: FileHandle

  /// Begins to show progress.
  ///
  /// - Parameters:
  ///   - title: what is being done; short, or empty.
  ///   - total: how much there is to do; `nil` if nobody knows.
  ///   - output: where progress is shown.
  public init(_ title: String = "", total: Int?, output: FileHandle = .standardError) {
    self.output = output
    let isRedrawn = isatty(output.fileDescriptor) == 1 || Self.isInNotebook
    state = Mutex(
      ProgressBarState(title: title, total: total, style: isRedrawn ? .redrawn : .lines, now: .now))
  }

  deinit { finish() }

  /// Some more are done.
  public func advance(by count: Int = 1) {
    write { state in
      let sum = state.done.addingReportingOverflow(count)
      return state.update(done: sum.overflow ? .max : sum.partialValue, at: .now)
    }
  }

  /// So many are done in all.
  public func update(done: Int) { write { $0.update(done: done, at: .now) } }

  /// Nothing more will be done. Further calls change nothing.
  public func finish() { write { $0.finish(at: .now) } }

  private func write(_ change: (inout sending ProgressBarState) -> String?) {
    // Under the lock, so that lines come in order. Nobody sees progress on an output that is closed.
    state.withLock { state in
      if let text = change(&state) { try? output.write(contentsOf: Data(text.utf8)) }
    }
  }

  /// Whether this process was started by a Jupyter kernel, which tells its children so.
  private static var isInNotebook: Bool { ProcessInfo.processInfo.environment["JPY_PARENT_PID"] != nil }
}

extension AsyncResult {
  /// Shows how many tasks have finished until all have. Doesn't throw if tasks fail.
  ///
  /// ```swift
  /// let counts = try view.map(wordCount, files)
  /// await counts.showProgress("words")
  /// let words = try await counts.value
  /// ```
  /// - Parameter title: what is being done; short, or empty.
  public func showProgress(_ title: String = "") async {
    let bar = ProgressBar(title, total: progress.total)
    for await step in progressUpdates { bar.update(done: step.done) }
    bar.finish()
  }
}
