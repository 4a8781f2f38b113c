/// How many tasks of a call have finished.
public struct TaskProgress: Sendable, Hashable, CustomStringConvertible {
  /// How many tasks have finished, successfully or not.
  public let done: Int
  /// How many tasks the call has.
  public let total: Int

  /// Both numbers: `3 of 8 tasks`.
  public var description: String { "\(done) of \(total) tasks" }

  /// The finished fraction, from 0 to 1; 1 for a call without tasks.
  public var fraction: Double { total == 0 ? 1 : Double(done) / Double(total) }
  /// Whether all tasks have finished.
  public var isComplete: Bool { done == total }
}
