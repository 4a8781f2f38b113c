/// How a group of engines grows and shrinks by itself.
///
/// It grows while tasks wait that its engines can do, and no engine is idle or none that there is has the resources or the time
/// for them. It shrinks when engines have been idle for a time and hold nothing that clients have left with them: pushed values,
/// references, actors, and with Python whatever was run on this engine in particular.
public struct EngineScaling: Sendable, Hashable {
  /// The fewest engines.
  public var minimum: Int
  /// The most engines.
  public var maximum: Int
  /// How long an engine has to be idle before it may leave.
  public var idleTime: Duration
  /// Whether engines leave, too, that hold what clients have left with them.
  public var endsUsedEngines: Bool

  /// Bounds. A maximum below the minimum counts as the minimum.
  public init(
    minimum: Int = 0, maximum: Int, idleTime: Duration = .seconds(60), endsUsedEngines: Bool = false
  ) {
    self.minimum = max(minimum, 0)
    self.maximum = max(maximum, self.minimum)
    self.idleTime = idleTime
    self.endsUsedEngines = endsUsedEngines
  }
}
