/// A dictionary that remembers the entries inserted last: at least half its limit, never more than the limit.
struct RecentTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  /// The most entries the table holds.
  let limit: Int
  private var recent: [Key: Value] = [:]
  private var older: [Key: Value] = [:]

  /// Makes an empty table.
  init(limit: Int) { self.limit = limit }

  /// Whether the table has no entry.
  var isEmpty: Bool { recent.isEmpty && older.isEmpty }

  /// How many entries the table has.
  var count: Int { recent.count + older.count }

  /// The value of a key, if the table still remembers it.
  subscript(key: Key) -> Value? { recent[key] ?? older[key] }

  /// Inserts an entry, which may make the table forget the oldest half of the others.
  mutating func insert(_ value: Value, for key: Key) {
    if recent.count >= max(limit / 2, 1) {
      older = recent
      recent = [:]
    }
    older[key] = nil
    recent[key] = value
  }

  /// Removes an entry.
  ///
  /// - Returns: its value, or `nil` if the table doesn't remember the key.
  @discardableResult
  mutating func removeValue(for key: Key) -> Value? {
    recent.removeValue(forKey: key) ?? older.removeValue(forKey: key)
  }
}
