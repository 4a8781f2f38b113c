/// A place in the cluster for an engine, or for several that start at once, which it keeps when it is started again.
struct EngineKey: Hashable, Sendable {
  let set: String
  let number: Int

  /// Whether this place was made before another one.
  func isBefore(_ other: EngineKey) -> Bool {
    (set.utf8.count, set, number) < (other.set.utf8.count, other.set, other.number)
  }
}
