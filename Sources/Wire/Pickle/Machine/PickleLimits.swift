/// Limits on the work that a pickle may cause. Sizes are those of the value written out in full: a value shared a thousand
/// times counts a thousand times, so code that walks the result is bounded, too.
public struct PickleLimits: Sendable, Hashable {
  /// The greatest nesting depth; the default of 500 is half of Python's own recursion limit and fits any thread's stack.
  /// Never more than 2,000.
  public let depth: Int

  /// The greatest number of values in a result written out in full; default 10 million.
  public let values: Int

  /// The greatest number of bytes of a result written out in full (32 for each value, plus its payload), and of bytes
  /// converted while decoding; default 4 GiB, as much as one message can sensibly contain.
  public let bytes: Int

  /// The limits of Martlet's clients and engines.
  static let standard = PickleLimits()

  /// Limits; numbers out of range are clamped.
  public init(depth: Int = 500, values: Int = 10_000_000, bytes: Int = 4 << 30) {
    self.depth = min(max(depth, 1), 2_000)
    self.values = min(max(values, 1), Int.max / 8)
    self.bytes = min(max(bytes, 1), Int.max / 8)
  }
}
