/// What an engine does when its controller is lost: its connections have broken and don't come back, or its pings have
/// stopped.
public enum ControllerLossPolicy: String, Sendable, Hashable, CaseIterable {
  /// It keeps what it has and goes on with what it runs, registers again with a controller that returns or takes the place
  /// of the lost one, and leaves only after ``EngineConfiguration/reconnectTimeout``.
  case reconnect
  /// It runs what it has begun and what waits in it, then leaves.
  case finish
  /// It leaves at once.
  case stop
}
