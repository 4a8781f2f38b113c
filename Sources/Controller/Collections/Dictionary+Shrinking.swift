extension Dictionary {
  /// Gives memory back if less than one eighth of it is in use. To be called after removals; the cost is amortised.
  mutating func shrinkIfSparse() {
    guard capacity > 64, count * 8 < capacity else { return }
    self = Dictionary(uniqueKeysWithValues: Array(self))
  }
}
