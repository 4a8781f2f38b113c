/// The engines a call goes to. They are looked up when the call is made, not when the view is created.
///
/// A selection that turns out to be empty is an error, ``ClientError/Code/noSuchEngine``, so that no work gets lost
/// unnoticed.
public enum EngineTargets: Sendable, Hashable {
  /// All engines that are registered at the time of the call.
  case all
  /// Engines by id. Negative numbers count from the end of ``Client/ids``: -1 is the last engine.
  case ids([Int])
  /// Engines by their positions in ``Client/ids``. Positions without an engine are left out, as in a Python slice.
  case positions(Range<Int>)
}
