import Testing

@testable import MartletController

/// Queues, heaps, tables and trees release memory when a backlog is over.
@Suite struct ShrinkingTests {
  @Test func aWorkQueueReleasesItsMemoryWhenDrained() {
    var queue = WorkQueue<Int>()
    for number in 0..<10_000 { queue.append(number) }
    #expect(queue.capacity >= 10_000 && queue.first == 0)
    for number in 0..<10_000 { #expect(queue.popFirst() == number) }
    #expect(queue.capacity == 0 && queue.popFirst() == nil)
  }

  @Test func aHeapFollowsTheNumberOfItsEntries() {
    var heap = LazyHeap<Int>()
    for number in 0..<10_000 { heap.insert((number * 7919) % 10_000) }
    #expect(heap.capacity >= 10_000)
    for number in 0..<9_999 {
      #expect(heap.popMin() == number)
      #expect(heap.capacity <= max(32, heap.count * 4))
    }
    #expect(heap.min == 9_999 && heap.count == 1)
  }

  @Test func staleEntriesOfAHeapAreRemovedOnceTheyAreMost() {
    var heap = LazyHeap<Int>()
    for number in 0..<1000 { heap.insert(number) }
    heap.prune(live: 500) { $0 % 2 == 0 }
    #expect(heap.count == 1000)
    heap.prune(live: 100) { $0 % 10 == 0 }
    #expect(heap.count == 100 && heap.min == 0)
  }

  @Test func aDictionaryShrinksWhenItIsSparse() {
    var dictionary = Dictionary(uniqueKeysWithValues: (0..<10_000).map { ($0, $0) })
    for number in 1..<10_000 {
      dictionary[number] = nil
      dictionary.shrinkIfSparse()
    }
    #expect(dictionary == [0: 0] && dictionary.capacity <= 64)
  }

  @Test func aMessageTableFollowsTheNumberOfItsValues() {
    var table = MessageTable(vacant: 0)
    for number in 0..<10_000 { _ = table.slot(of: "\(number)") }
    for number in 0..<9_999 { if let slot = table.find("\(number)") { table.remove(slot) } }
    #expect(table.count == 1 && table.find("9999") != nil && table.capacity < 256)
  }

  @Test func sharesOfWeightedDrawsFollowTheWeights() {
    var tree = WeightTree()
    for index in 0..<5 { tree.set(Double(index), at: index) }
    #expect(tree.total == 10)
    #expect((0..<10).map { tree.index(at: Double($0)) } == [1, 2, 2, 3, 3, 3, 4, 4, 4, 4])
    for index in 5..<1000 { tree.set(1, at: index) }
    for index in 5..<1000 { tree.set(0, at: index) }
    tree.shrink(to: 5)
    #expect(tree.capacity == 8 && tree.total == 10 && tree.index(at: 9) == 4)
  }
}
