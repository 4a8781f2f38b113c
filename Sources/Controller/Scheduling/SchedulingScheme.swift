/// How an engine is chosen among those that may take a task; the names are ipyparallel's.
public enum SchedulingScheme: String, CaseIterable, Sendable {
  /// The least loaded engine, the least recently used among equals.
  case leastload
  /// Round robin over all engines without a high water mark, as a DEALER socket does.
  case pure
  /// The least recently used engine.
  case lru
  /// Any engine.
  case plainrandom
  /// Two engines drawn by inverse load, the less loaded of the two.
  case weighted
  /// Two engines drawn at random, the less recently used of the two.
  case twobin
}

/// SplitMix64 (Steele, Lea, Flood 2014): a small seedable generator, so that a run can be repeated.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the sequence that belongs to `seed`.
  public init(seed: UInt64) {
    state = seed
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
