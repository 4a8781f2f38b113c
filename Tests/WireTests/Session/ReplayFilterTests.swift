import Testing

@testable import Wire

@Suite struct ReplayFilterTests {
  /// Which of the fingerprints are new, in order.
  private func news(_ fingerprints: [UInt64], limit: Int) -> [UInt64] {
    var filter = ReplayFilter(limit: limit)
    return fingerprints.filter { filter.insert($0) }
  }

  @Test func theLastAreRemembered() {
    #expect(news([1, 2, 3, 1, 2, 3], limit: 3) == [1, 2, 3])
    // 4 takes the place of 1, which takes that of 2.
    #expect(news([1, 2, 3, 4, 2, 3, 4, 1, 3, 4, 2], limit: 3) == [1, 2, 3, 4, 1, 2])
  }

  @Test(arguments: [-1, 0, 1]) func theSmallestLimitIsOne(limit: Int) {
    #expect(news([7, 7, 8, 8, 7], limit: limit) == [7, 8, 7])
  }

  /// Against a list of the last fingerprints, with many that want the same place.
  @Test(arguments: [1, 2, 7, 40, 100]) func itRemembersWhatAListWould(limit: Int) {
    var generator = SeededGenerator(seed: UInt64(limit))
    var filter = ReplayFilter(limit: limit)
    var last: [UInt64] = []
    for _ in 0..<3000 {
      let fingerprint = generator.next() % 32 &* 0x1_0000 &+ generator.next() % 5 &- 2
      let isNew = !last.contains(fingerprint)
      #expect(filter.insert(fingerprint) == isNew)
      if isNew { last.append(fingerprint) }
      if last.count > limit { last.removeFirst() }
    }
  }

  @Test func whatIsReadmittedPassesOnceMore() {
    var filter = ReplayFilter(limit: 3)
    for fingerprint in 1...3 as ClosedRange<UInt64> { _ = filter.insert(fingerprint) }
    filter.readmit(2)
    filter.readmit(9)
    var news = [2, 2, 3, 9].filter { filter.insert($0) }
    #expect(news == [2, 9])
    // Being readmitted ends with being remembered.
    filter.readmit(2)
    news = [10, 2, 2].filter { filter.insert($0) }
    #expect(news == [10, 2])
  }

  @Test func asManyAsJupyterClientRemembers() {
    var filter = ReplayFilter()
    for fingerprint in 0..<70_000 as Range<UInt64> { _ = filter.insert(fingerprint) }
    let (oldest, forgotten) = (filter.insert(70_000 - 65_536), filter.insert(70_000 - 65_536 - 1))
    #expect(!oldest && forgotten)
  }
}
