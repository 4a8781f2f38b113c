import Testing

@testable import MartletController

@Suite struct IdentifierTableTests {
  private enum Tag {}

  private func handle(_ number: Int) -> Handle<Tag> { Handle(index: Int32(number)) }

  /// With few hashes, entries collide, move up, and wrap around.
  @Test(arguments: [1, 7, 100_000]) func entriesAreFoundUntilTheyAreRemoved(_ hashes: Int) {
    var generator = SplitMix64(seed: 1)
    var table = IdentifierTable<Tag>()
    var model: Set<Int> = []
    func hash(_ number: Int) -> UInt32 { UInt32(number % hashes) &* 0x9E37_79B9 }
    for _ in 0..<2000 {
      let number = Int.random(in: 0..<300, using: &generator)
      if model.insert(number).inserted {
        table.insert(hash: hash(number), handle(number))
      } else {
        model.remove(number)
        table.remove(hash: hash(number), handle(number))
      }
    }
    #expect(table.count == model.count)
    for number in 0..<300 {
      let found = table.find(hash: hash(number)) { $0 == handle(number) }
      #expect(found == (model.contains(number) ? handle(number) : nil))
    }
  }

  @Test func memoryIsReleasedAfterABacklog() {
    var table = IdentifierTable<Tag>()
    for number in 0..<10_000 { table.insert(hash: UInt32(number) &* 0x9E37_79B9, handle(number)) }
    #expect(table.capacity >= 20_000)
    for number in 0..<10_000 {
      table.remove(hash: UInt32(number) &* 0x9E37_79B9, handle(number))
      #expect(table.capacity <= max(64, table.count * 16))
    }
    #expect(table.count == 0 && table.capacity == 64)
  }
}
