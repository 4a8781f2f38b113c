/// How many results a journal keeps, the oldest of which go first.
struct JournalLimits: Sendable, Hashable {
  /// A limit in three dimensions. The latest result is kept whatever its size.
  struct Bound: Sendable, Hashable {
    var count: Int
    var bytes: Int
    /// In seconds.
    var age: Double
  }

  /// Results that were sent to their clients: they may have been lost on the way.
  var delivered = Bound(count: 65_536, bytes: 64 << 20, age: 3600)
  /// Results whose clients were not there.
  var undelivered = Bound(count: 65_536, bytes: 256 << 20, age: 24 * 3600)
  /// How many bytes may be in the database in addition to twice those that are still needed.
  var slack = 4 << 20
}
