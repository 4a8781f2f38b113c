/// The failures of a call with several tasks.
public struct CompositeError: Error, Sendable, CustomStringConvertible {
  /// A task that failed.
  public struct Failure: Sendable, CustomStringConvertible {
    /// The task's position among those of the call.
    public let index: Int
    /// The id of the engine that ran the task, if it is known.
    public let engineID: Int?
    /// What made the task fail: the function's error if that is `Codable`, ``RemoteError``, ``EngineError``,
    /// ``TaskAborted`` or ``ClientError``.
    public let error: any Error
    /// The engine's report, if that is where the error comes from: where it happened, the text and the traceback.
    public let context: RemoteError?

    /// Makes a failure of a task.
    public init(index: Int, engineID: Int?, error: any Error, context: RemoteError? = nil) {
      self.index = index
      self.engineID = engineID
      self.error = error
      self.context = context
    }

    /// The engine and the error.
    public var description: String {
      let text = context.map { "\($0)" } ?? "\(error)"
      guard let engineID, !text.hasPrefix("engine \(engineID)") else { return text }
      return "engine \(engineID): \(text)"
    }
  }

  /// How many failures the description lists.
  static let descriptionLimit = 4

  /// What was called, for example `map(square)`.
  public let method: String
  /// How many tasks the call has.
  public let total: Int
  /// The tasks that failed, in the order of the tasks.
  public let failures: [Failure]

  /// Makes an error for the failures of a call.
  public init(method: String, total: Int, failures: [Failure]) {
    self.method = method
    self.total = total
    self.failures = failures
  }

  /// How many tasks failed, and the first few errors.
  public var description: String {
    var lines = ["\(failures.count) of \(total) tasks of \(method) failed"]
    lines += failures.prefix(Self.descriptionLimit).map { "  \($0)" }
    if failures.count > Self.descriptionLimit { lines.append("  and \(failures.count - Self.descriptionLimit) more") }
    return lines.joined(separator: "\n")
  }
}
