import MartletWire

/// How far a task has come, as its function says with `EngineContext.progress`; see ``AsyncResult/progressReports``.
public struct ProgressReport: Sendable, Hashable {
  /// The position of the task in its call.
  public let task: Int
  /// The finished part of its work, from 0 to 1.
  public let fraction: Double
  /// What is being done, for people; may be empty.
  public let text: String

  /// Reads what a task has published under the name `progress`; `nil` if that is something else.
  init?(task: Int, _ value: PickleValue?) {
    guard let fraction = value?["fraction"]?.doubleValue, fraction >= 0, fraction <= 1 else { return nil }
    self.task = task
    self.fraction = fraction
    text = value?["text"]?.stringValue ?? ""
  }
}

extension AsyncResult {
  /// What functions say about how far they have come, from now on. Ends when all tasks and their output are complete.
  ///
  /// ```swift
  /// for await report in result.progressReports { print("\(report.task): \(report.text), \(report.fraction)") }
  /// ```
  public var progressReports: AsyncStream<ProgressReport> { state.reportStream() }
}
