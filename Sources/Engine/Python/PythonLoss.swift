import MartletZeroMQ

/// The end of an engine's Python before the engine's own.
struct PythonLoss: Error, Sendable, Hashable {
  /// Why it ended.
  enum Cause: Sendable, Hashable {
    /// It ended by itself, or something outside ended it.
    case ended(SpawnedProcess.Exit)
    /// The engine killed it, because a task went on for this long after it had been interrupted.
    case ignoredInterrupt(Duration)
    /// The engine killed it, because what it sent made no sense.
    case brokeProtocol(String)
  }

  let cause: Cause
  /// Whether a task was running.
  let lostTask: Bool

  /// What happened, in a sentence about one engine.
  ///
  /// - Parameter errors: the end of what was written to standard error.
  func message(engineID: Int, errors: String) -> String {
    let happened =
      switch cause {
      case .ended(.signalled(let number)): "was ended by \(SignalName.describe(number))"
      case .ended(.exited(let status)): "exited with status \(status)"
      case .ended(.unknown): "ended"
      case .ignoredInterrupt(let grace):
        "was killed, because the task went on for \(grace) after it had been interrupted"
      case .brokeProtocol(let reason): "was killed, because it sent something that makes no sense: \(reason)"
      }
    let when = lostTask ? "while it ran this task" : "between two tasks"
    let lines = Self.excerpt(errors)
    let quoted = lines.isEmpty ? "" : ". From its standard error:\n\(lines)"
    return "the Python of engine \(engineID) \(happened) \(when)\(quoted)"
  }

  private static let lineLimit = 12

  /// The last lines; or, if Python reports a crash, the first of its report, which lists the innermost calls first.
  private static func excerpt(_ errors: String) -> String {
    let lines = errors.split(whereSeparator: \.isNewline)
    let report = lines.lastIndex { $0.hasPrefix("Fatal Python error") }
    let shown = report.map { lines[$0...].prefix(lineLimit) } ?? lines.suffix(lineLimit)
    return shown.joined(separator: "\n")
  }
}
