/// A task cannot run on this engine because a condition does not hold here.
///
/// When a function throws it, the scheduler tries the task on another engine.
public struct UnmetDependency: Error, Sendable, CustomStringConvertible {
  public let description: String

  /// Creates an unmet dependency with an explanation.
  public init(_ description: String = "a dependency is not met on this engine") { self.description = description }
}
