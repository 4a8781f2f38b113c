import Testing

@testable import MartletWire

@Suite struct ReplayFilterTests {
  /// The fingerprints that the filter considers new, in order.
  private func news(_ fingerprints: [UInt64], limit: Int) -> [UInt64] {
    var filter = ReplayFilter(limit: limit)
    return fingerprints.filter { filter.insert($0) }
  }

  @Test func theLastAreRemembered() {
    #expect(news([11, 12, 13, 11, 12, 13], limit: 3) == [11, 12, 13])
    // 16 fills the second generation, and the filter forgets 11, 12 and 13.
    #expect(
      news([11, 12, 13, 14, 15, 11, 16, 14, 15, 16, 11, 12, 11], limit: 3) == [11, 12, 13, 14, 15, 16, 11, 12])
  }

  @Test(arguments: [-1, 0, 1]) func theSmallestLimitIsOne(limit: Int) {
    #expect(news([7, 7, 8, 8, 7], limit: limit) == [7, 8, 7])
  }

  /// Compares the filter with sets of all fingerprints in each generation. Many fingerprints collide.
  @Test(arguments: [1, 2, 7, 40, 100]) func itRemembersTwoGenerations(limit: Int) {
    var generator = SeededGenerator(seed: UInt64(limit))
    var filter = ReplayFilter(limit: limit)
    var generations: (younger: Set<UInt64>, older: Set<UInt64>) = ([], [])
    var inserted = 0
    for _ in 0..<3000 {
      let fingerprint = 2 + generator.next() % 32 &* 0x1_0000 &+ generator.next() % 5
      if generator.next() % 8 == 0 {
        filter.readmit(fingerprint)
        generations.younger.remove(fingerprint)
        generations.older.remove(fingerprint)
      }
      let isNew = !generations.younger.contains(fingerprint) && !generations.older.contains(fingerprint)
      #expect(filter.insert(fingerprint) == isNew)
      guard isNew else { continue }
      generations.younger.insert(fingerprint)
      inserted += 1
      if inserted % limit == 0 { generations = ([], generations.younger) }
    }
  }

  /// Two of the 2^64 fingerprints are mapped to a third because their values are reserved in the table.
  @Test func theLowestFingerprintsAreRememberedToo() {
    #expect(news([0, 0, 3, 3], limit: 3) == [0, 3])
    #expect(news([1, 1], limit: 3) == [1])
  }

  @Test func aReadmittedFingerprintPassesOnce() {
    var filter = ReplayFilter(limit: 3)
    for fingerprint in 1...3 as ClosedRange<UInt64> { _ = filter.insert(fingerprint) }
    filter.readmit(2)
    filter.readmit(9)
    var news = [2, 2, 3, 9].filter { filter.insert($0) }
    #expect(news == [2, 9])
    // Each readmission is good for one insertion only.
    filter.readmit(2)
    news = [10, 2, 2].filter { filter.insert($0) }
    #expect(news == [10, 2])
  }

  @Test func remembersAsManyAsJupyterClient() {
    var filter = ReplayFilter()
    for fingerprint in 0..<70_000 as Range<UInt64> { _ = filter.insert(fingerprint) }
    let isOldestNew = filter.insert(70_000 - 65_536)
    #expect(!isOldestNew)
    for fingerprint in 70_000..<140_000 as Range<UInt64> { _ = filter.insert(fingerprint) }
    let isForgottenNew = filter.insert(0)
    #expect(isForgottenNew, "memory would grow without a bound")
  }
}
