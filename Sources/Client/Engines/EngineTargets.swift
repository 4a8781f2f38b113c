/// Which engines a call goes to. They are looked up when the call is made, not before.
public enum EngineTargets: Sendable, Hashable {
  /// All engines there are at the time of the call.
  case all
  /// Engines by id; negative numbers count from the end of the list of ids.
  case ids([Int])
  /// Positions in the sorted list of ids, cut to what is there, as a Python slice.
  case positions(Range<Int>)
}
