import Testing

@testable import MartletClient

@Suite struct PartitionTests {
  @Test func givesTheFirstPartsMore() {
    #expect(Partition(7, into: 3).ranges == [0..<3, 3..<5, 5..<7])
    #expect(Partition(2, into: 3).ranges == [0..<1, 1..<2, 2..<2])
    #expect(Partition(0, into: 1).ranges == [0..<0])
    #expect(Partition(4, into: 0).ranges.isEmpty)
  }

  @Test func dividesIntoChunks() {
    func chunks(_ total: Int, _ size: Int) -> [Range<Int>] {
      let chunks = ChunkedRange(total, chunkSize: size)
      return (0..<chunks.count).map { chunks[$0] }
    }
    #expect(chunks(7, 3) == [0..<3, 3..<6, 6..<7])
    #expect(chunks(6, 3) == [0..<3, 3..<6])
    #expect(chunks(2, 1) == [0..<1, 1..<2])
    #expect(chunks(3, .max) == [0..<3])
    #expect(chunks(0, .max).isEmpty)
    #expect(ChunkedRange(.max, chunkSize: .max - 1)[1] == Int.max - 1..<Int.max)
    #expect(ChunkedRange(.max, chunkSize: 2).count == 1 << 62)
  }

  @Test func windowsGrowWithTheCluster() {
    #expect(LoadBalancedView.defaultWindow(engines: 2) == 1000)
    #expect(LoadBalancedView.defaultWindow(engines: 500) == 2000)
  }
}
