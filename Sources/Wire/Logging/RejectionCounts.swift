/// How many messages were refused, by kind.
public struct RejectionCounts: Sendable, Hashable {
  private var counts: [WireError.Code: Int] = [:]

  /// None yet.
  public init() {}

  /// Counts one refusal.
  public mutating func count(_ error: WireError) { counts[error.code, default: 0] += 1 }

  /// The count of one kind.
  public subscript(code: WireError.Code) -> Int { counts[code] ?? 0 }

  /// All refusals.
  public var total: Int { counts.values.reduce(0, +) }
}
