import MartletZeroMQ

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

  /// How much memory the value takes, roughly, in bytes.
  package var approximateSize: Int {
    switch self {
    case .string(let text): text.utf8.count + 49
    case .bytes(let bytes): bytes.count + 33
    case .array(let array): array.data.count + 112
    case .list(let items), .tuple(let items): items.reduce(56) { $0 + 8 + $1.approximateSize }
    case .set(let set), .frozenSet(let set): set.elements.reduce(216) { $0 + 8 + $1.approximateSize }
    case .dict(let dict): dict.pairs.reduce(64) { $0 + 16 + $1.key.approximateSize + $1.value.approximateSize }
    case .record(let record): record.args.reduce(64) { $0 + $1.approximateSize } + (record.state?.approximateSize ?? 0)
    default: 28
    }
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
