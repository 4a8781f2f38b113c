import Testing

@testable import MartletController

@Suite struct HeldMemoryTests {
  private var memory = HeldMemory(limit: 4800)

  private mutating func isExceeded(_ held: UInt64, resident: Int? = 10_000, allocated: Int? = nil) -> Bool {
    memory.isExceeded(held: held, resident: resident, allocated: allocated)
  }

  @Test mutating func bytesHaveALimit() {
    #expect([0, 4800, 4801, 0, 4800].map { isExceeded($0) } == [false, false, true, false, false])
  }

  @Test mutating func smallFramesTakeMoreThanTheirBytes() {
    let steps: [(UInt64, Int)] = [(100, 10_000), (200, 14_000), (201, 14_800), (220, 14_801), (150, 14_801)]
    #expect(steps.map { isExceeded($0, allocated: $1) } == [false, false, false, true, false])
  }

  /// A backlog that was there before is nobody's fault.
  @Test mutating func whatWasThereBeforeDoesNotCount() {
    let steps: [(UInt64, Int, Int)] = [
      (100, 10_000, 9000), (0, 50_000, 40_000), (201, 50_000, 40_000), (300, 60_000, 54_800), (300, 60_000, 54_801),
    ]
    #expect(steps.map { isExceeded($0, resident: $1, allocated: $2) } == [false, false, false, false, true])
  }

  @Test mutating func whereTheMemoryIsUnknownBytesCount() {
    #expect([300, 4800, 4801].map { isExceeded($0, resident: nil) } == [false, false, true])
    #expect([300, 4800, 4801].map { isExceeded($0) } == [false, false, true])
  }
}
