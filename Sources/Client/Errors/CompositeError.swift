/// Several tasks of one call, of which at least one failed.
public struct CompositeError: Error, Sendable, CustomStringConvertible {
  /// One of the tasks and why it failed.
  public struct Failure: Sendable, CustomStringConvertible {
    /// The task's place among those of the call.
    public let index: Int
    /// The engine it was on, where known.
    public let engineID: Int?
    /// Why it failed: ``RemoteError``, ``EngineError``, ``TaskAborted`` or ``ClientError``.
    public let error: any Error

    /// The failure of a task.
    public init(index: Int, engineID: Int?, error: any Error) {
      self.index = index
      self.engineID = engineID
      self.error = error
    }

    public var description: String {
      let text = "\(error)"
      guard let engineID, !text.hasPrefix("engine \(engineID)") else { return text }
      return "engine \(engineID): \(text)"
    }
  }

  /// How many failures the description lists.
  static let descriptionLimit = 4

  /// What was asked for, for example `map(square)`.
  public let method: String
  /// How many tasks the call had.
  public let total: Int
  /// Those that failed, in the order of the tasks.
  public let failures: [Failure]

  /// The failures of a call.
  public init(method: String, total: Int, failures: [Failure]) {
    self.method = method
    self.total = total
    self.failures = failures
  }

  /// How many failed and why the first few did.
  public var description: String {
    var lines = ["\(failures.count) of \(total) tasks of \(method) failed"]
    lines += failures.prefix(Self.descriptionLimit).map { "  \($0)" }
    if failures.count > Self.descriptionLimit { lines.append("  and \(failures.count - Self.descriptionLimit) more") }
    return lines.joined(separator: "\n")
  }
}
