#if canImport(Glibc)
  import Foundation
  import Testing

  @testable import MartletZeroMQ

  @Suite struct ProcessMemoryTests {
    /// In its own process, unaffected by other tests, and with the settings of a controller. What is kept in between, as a
    /// table would, keeps the heap from shrinking by itself.
    @Test func freedMemoryIsGivenBack() async {
      await #expect(processExitsWith: .success) {
        FrameMemory.reuse()
        var kept: [[UInt8]] = []
        var blocks: [[UInt8]] = []
        for index in 0..<100_000 {
          blocks.append([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 2048))
          if index % 1000 == 0 { kept.append([UInt8](repeating: 1, count: 64)) }
        }
        let full = try #require(ProcessMemory.usage)
        #expect(full.allocated > 200 << 20 && full.resident > 200 << 20)
        blocks = []
        let freed = try #require(ProcessMemory.usage)
        #expect(freed.allocated < 50 << 20 && freed.resident > 150 << 20)
        ProcessMemory.giveBack()
        let after = try #require(ProcessMemory.usage)
        #expect(after.resident < full.resident - 150 << 20)
        withExtendedLifetime(kept) {}
      }
    }
  }
#endif
