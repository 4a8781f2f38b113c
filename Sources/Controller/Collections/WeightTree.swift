/// A tree of sums over non-negative weights: updates and weighted draws take logarithmic time.
struct WeightTree: Sendable {
  private var sums: [Double] = [0, 0]

  /// The number of weights that memory is allocated for.
  var capacity: Int { sums.count / 2 }

  var total: Double { sums[1] }

  /// Sets the weight at `index`. Each sum on the way up is computed anew, so rounding errors don't accumulate.
  mutating func set(_ weight: Double, at index: Int) {
    if index >= capacity {
      var larger = capacity
      while index >= larger { larger *= 2 }
      resize(to: larger)
    }
    var node = capacity + index
    sums[node] = weight
    node /= 2
    while node >= 1 {
      sums[node] = sums[2 * node] + sums[2 * node + 1]
      node /= 2
    }
  }

  /// The index at which the running sum of the weights exceeds `point`, which must be less than ``total``.
  func index(at point: Double) -> Int {
    var rest = point
    var node = 1
    while node < capacity {
      node *= 2
      // The second condition keeps rounding errors from leading into an empty half.
      if rest >= sums[node] && sums[node + 1] > 0 {
        rest -= sums[node]
        node += 1
      }
    }
    return node - capacity
  }

  /// Gives memory back if only weights below `limit` are left and they need less than a quarter of it.
  mutating func shrink(to limit: Int) {
    var smaller = capacity
    while smaller / 2 >= Swift.max(limit, 1) { smaller /= 2 }
    if smaller * 4 <= capacity { resize(to: smaller) }
  }

  private mutating func resize(to capacity: Int) {
    let weights = Array(sums[self.capacity...].prefix(capacity))
    sums = Array(repeating: 0, count: capacity * 2)
    for (index, weight) in weights.enumerated() where weight > 0 { set(weight, at: index) }
  }
}
