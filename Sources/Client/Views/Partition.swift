/// A number of items divided into contiguous parts of nearly equal length: the first parts are the longer ones, as in
/// ipyparallel's block distribution.
struct Partition: Sendable, Hashable {
  /// The parts in order. If there are more parts than items, some are empty.
  let ranges: [Range<Int>]

  /// Divides items into parts.
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

/// A number of items divided into chunks of equal length; the last one may be shorter.
struct ChunkedRange: Sendable, Hashable {
  private let total: Int
  private let chunkSize: Int

  /// How many chunks there are.
  var count: Int { total / chunkSize + (total % chunkSize == 0 ? 0 : 1) }

  /// Divides items into chunks of a size, which is at least one.
  init(_ total: Int, chunkSize: Int) {
    self.total = total
    // A chunk is never longer than the list, so that no position overflows.
    self.chunkSize = max(1, min(chunkSize, total))
  }

  /// The items of a chunk.
  subscript(index: Int) -> Range<Int> {
    let start = index * chunkSize
    return start..<start + min(chunkSize, total - start)
  }
}
