/// A tree of sums over non-negative weights: update and weighted draw in logarithmic time.
struct WeightTree {
  private var sums: [Double] = [0, 0]
  private var capacity: Int { sums.count / 2 }

  var total: Double { sums[1] }

  /// Sets the weight at `index`. Sums are recomputed on the way up, so that rounding errors do not pile up.
  mutating func set(_ weight: Double, at index: Int) {
    while index >= capacity { grow() }
    var node = capacity + index
    sums[node] = weight
    node /= 2
    while node >= 1 {
      sums[node] = sums[2 * node] + sums[2 * node + 1]
      node /= 2
    }
  }

  /// The index at which the running sum of the weights passes `point`; `point` is less than ``total``.
  func index(at point: Double) -> Int {
    var rest = point
    var node = 1
    while node < capacity {
      node *= 2
      // The second test keeps rounding from leading into an empty half.
      if rest >= sums[node] && sums[node + 1] > 0 {
        rest -= sums[node]
        node += 1
      }
    }
    return node - capacity
  }

  private mutating func grow() {
    let leaves = Array(sums[capacity...])
    sums = Array(repeating: 0, count: sums.count * 2)
    for (index, weight) in leaves.enumerated() where weight > 0 { set(weight, at: index) }
  }
}
