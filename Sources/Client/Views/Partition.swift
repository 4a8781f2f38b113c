/// How a list is divided into contiguous parts of nearly equal length, as ipyparallel's block distribution: the first
/// parts are the longer ones.
struct Partition: Sendable, Hashable {
  /// The parts in order; some are empty when there are more parts than items.
  let ranges: [Range<Int>]

  /// Divides a number of items.
  init(_ count: Int, into parts: Int) {
    guard parts > 0 else {
      ranges = []
      return
    }
    let (size, longer) = count.quotientAndRemainder(dividingBy: parts)
    var ranges: [Range<Int>] = []
    var start = 0
    for part in 0..<parts {
      let end = start + size + (part < longer ? 1 : 0)
      ranges.append(start..<end)
      start = end
    }
    self.ranges = ranges
  }
}
