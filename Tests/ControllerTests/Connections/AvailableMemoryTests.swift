import Testing

@testable import MartletController

@Suite struct AvailableMemoryTests {
  private let files = [
    "/sys/fs/cgroup/memory.max": "9000000000\n", "/sys/fs/cgroup/jobs/memory.max": "max\n",
    "/sys/fs/cgroup/jobs/7/memory.max": "500000000\n", "/sys/fs/cgroup/wide/memory.max": "99000000000\n",
  ]

  @Test(
    arguments: [
      ("0::/\n", 9_000_000_000), ("0::/jobs\n", 9_000_000_000), ("1:cpu:/x\n0::/jobs/7\n", 500_000_000),
      ("0::/jobs/7/step/0\n", 500_000_000), ("0::/wide\n", 9_000_000_000), ("4:memory:/jobs/7\n", nil), ("", nil),
      ("0::", nil),
    ] as [(String, UInt64?)])
  func theLowestLimitCounts(membership: String, limit: UInt64?) {
    #expect(AvailableMemory.groupLimit(membership) { files[$0] } == limit)
  }

  @Test func thereIsMemory() { #expect(AvailableMemory.ofProcess > 1 << 20) }
}
