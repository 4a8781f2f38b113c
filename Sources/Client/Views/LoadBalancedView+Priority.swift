extension LoadBalancedView {
  /// Which tasks go first of those that wait for an engine: those with a higher priority, whichever clients they belong to.
  /// With the same priority the clients take turns, a task each, and a client's tasks start in their order.
  ///
  /// Tasks with a lower priority wait as long as there are others that their engines may run, which may be forever. A task
  /// doesn't overtake those that an engine has: the one that runs, and with tasks of less than some 4 ms those that it was sent
  /// ahead.
  ///
  /// ```swift
  /// view.priority = .high
  /// view.priority = 25
  /// ```
  public struct Priority: Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral {
    /// The priority as a number. It counts from -100 to 100; what is beyond counts as the nearest of these.
    public let rawValue: Int8

    /// For what has time: -10.
    public static let low = Priority(-10)
    /// The default: 0.
    public static let normal = Priority(0)
    /// For what somebody waits for: 10.
    public static let high = Priority(10)

    /// A priority; 0 is ``normal``.
    public init(_ rawValue: Int8) { self.rawValue = rawValue }

    public init(integerLiteral value: Int8) { self.init(value) }

    public static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }
  }
}
