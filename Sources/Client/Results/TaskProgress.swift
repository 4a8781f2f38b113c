/// How far a result is.
public struct TaskProgress: Sendable, Hashable {
  /// How many tasks are done, successfully or not.
  public let done: Int
  /// How many tasks there are.
  public let total: Int

  /// The part that is done, from 0 to 1.
  public var fraction: Double { total == 0 ? 1 : Double(done) / Double(total) }
  /// Whether all tasks are done.
  public var isComplete: Bool { done == total }
}
