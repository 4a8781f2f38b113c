extension Dictionary {
  /// Returns memory to the system if a burst has made the dictionary much larger than it needs to be.
  ///
  /// Moving the entries costs less than inserting those that have been removed, so calling this after each removal keeps
  /// removal at constant time on average.
  mutating func releaseUnusedCapacity() {
    guard capacity > 1024, count < capacity / 8 else { return }
    var smaller = Dictionary(minimumCapacity: 2 * count)
    for (key, value) in self { smaller[key] = value }
    self = smaller
  }
}
