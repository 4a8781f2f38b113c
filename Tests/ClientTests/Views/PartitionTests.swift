import Testing

@testable import MartletClient

@Suite struct PartitionTests {
  @Test func givesTheFirstPartsMore() {
    #expect(Partition(7, into: 3).ranges == [0..<3, 3..<5, 5..<7])
    #expect(Partition(2, into: 3).ranges == [0..<1, 1..<2, 2..<2])
    #expect(Partition(0, into: 1).ranges == [0..<0])
    #expect(Partition(4, into: 0).ranges.isEmpty)
  }

  @Test func windowsGrowWithTheCluster() {
    #expect(LoadBalancedView.defaultWindow(engines: 2) == 1000)
    #expect(LoadBalancedView.defaultWindow(engines: 500) == 2000)
  }
}
