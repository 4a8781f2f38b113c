extension PickleLimits {
  /// Says what to do about a value that is nested too deep.
  var depthError: String {
    "it is nested more than \(depth) deep, which no receiver accepts: send it flat, for example as an array with indices"
  }

  /// Says what to do about too many values.
  var valuesError: String {
    "it has more than \(values) values, which no receiver accepts. Arrays of numbers ([Double], [Int32] …), Data and "
      + "NDArray count as one; divide anything else among several calls, or a map into smaller chunks"
  }
}

extension PickleValue {
  /// Checks before it is sent that the receiver will accept the value.
  ///
  /// - Throws: `PickleError` that says what to do.
  package func checkSize() throws(PickleError) {
    var values = 0
    try count(into: &values, depth: 0, PickleLimits.standard)
  }

  private func count(into values: inout Int, depth: Int, _ limits: PickleLimits) throws(PickleError) {
    values += 1
    guard values <= limits.values else { throw PickleError(.limit, limits.valuesError) }
    guard depth <= limits.depth else { throw PickleError(.limit, limits.depthError) }
    switch self {
    case .list(let items), .tuple(let items):
      for item in items { try item.count(into: &values, depth: depth + 1, limits) }
    case .set(let set), .frozenSet(let set):
      for item in set.elements { try item.count(into: &values, depth: depth + 1, limits) }
    case .dict(let dict):
      for pair in dict.pairs {
        try pair.key.count(into: &values, depth: depth + 1, limits)
        try pair.value.count(into: &values, depth: depth + 1, limits)
      }
    case .record(let record):
      for item in record.args { try item.count(into: &values, depth: depth + 1, limits) }
      try record.state?.count(into: &values, depth: depth + 1, limits)
    default: break
    }
  }
}
