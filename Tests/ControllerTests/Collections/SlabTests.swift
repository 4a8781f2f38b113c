import Testing

@testable import MartletController

@Suite struct SlabTests {
  private enum Tag {}
  private typealias Numbers = Slab<Tag, Int>

  /// Compares random insertions and removals with a dictionary.
  @Test(arguments: 0..<20) func recordsKeepTheirPosition(_ seed: Int) {
    var generator = SplitMix64(seed: UInt64(seed))
    var slab = Numbers(vacant: 0)
    var model: [Handle<Tag>: Int] = [:]
    for number in 1...3000 {
      let isGrowing = number / 500 % 2 == 0
      if Int.random(in: 0..<100, using: &generator) < (isGrowing ? 80 : 20) {
        let handle = slab.insert(number)
        #expect(model.updateValue(number, forKey: handle) == nil, "a slot was used twice")
      } else if let (handle, _) = model.randomElement(using: &generator) {
        slab.remove(handle)
        model[handle] = nil
        #expect(!slab.contains(handle))
      }
      #expect(slab.count == model.count)
    }
    var found: [Handle<Tag>: Int] = [:]
    slab.visit { found[$0] = $1 }
    #expect(found == model)
    #expect(model.allSatisfy { slab[$0.key] == $0.value && $0.key.index < slab.indexLimit })
  }

  @Test func memoryIsReleasedAfterABacklog() {
    var slab = Numbers(vacant: 0)
    let handles = (0..<100_000).map { slab.insert($0) }
    #expect(slab.capacity >= 100_000)
    for handle in handles { slab.remove(handle) }
    // The first chunk's array has grown by doubling, so that it may have room for more than 64.
    #expect(slab.count == 0 && slab.capacity < 192 && slab.indexLimit <= 64)
  }

  @Test(arguments: [0, 54_321, 99_999]) func aSurvivorHoldsItsChunkOnly(_ survivor: Int) {
    var slab = Numbers(vacant: 0)
    let handles = (0..<100_000).map { slab.insert($0) }
    for handle in handles where slab[handle] != survivor { slab.remove(handle) }
    #expect(slab.count == 1 && slab.capacity < 256)
    // Released chunks are reused.
    let others = (0..<100_000).map { slab.insert($0) }
    #expect(slab.indexLimit <= 100_160 && Set(others).count == 100_000 && slab[handles[survivor]] == survivor)
  }

  @Test func alternatingAtTheEndOfAChunkAllocatesNothing() {
    var slab = Numbers(vacant: 0)
    for number in 0..<64 { _ = slab.insert(number) }
    slab.remove(slab.insert(64))
    let capacity = slab.capacity
    for number in 0..<1000 {
      slab.remove(slab.insert(number))
      #expect(slab.capacity == capacity)
    }
  }

  @Test func whatARecordRefersToIsReleased() {
    final class Object {}
    var slab = Slab<Tag, Object?>(vacant: nil)
    weak var weakObject: Object?
    var handle: Handle<Tag>?
    do {
      let object = Object()
      weakObject = object
      handle = slab.insert(object)
    }
    #expect(weakObject != nil)
    if let handle { slab.remove(handle) }
    #expect(weakObject == nil)
  }
}
