import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

@Suite struct WorkerFramingTests {
  @Test func aPrefixIsReadAsItWasWritten() throws {
    for lengths in [[0], [1, 0, 70_000], Array(repeating: 3, count: 1_000)] {
      let bytes = WorkerFraming.prefix(lengths)
      #expect(bytes.count == 4 + 8 * lengths.count)
      let count = try WorkerFraming.partCount(bytes[...])
      #expect(count == lengths.count)
      #expect(try WorkerFraming.lengths(bytes.dropFirst(4), count: count) == lengths)
    }
  }

  @Test func impossibleCountsAndLengthsAreRefused() {
    for bytes in [[], [1], [1, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0], [255, 255, 255, 255]] as [[UInt8]] {
      #expect(throws: WorkerProtocolError.self) { try WorkerFraming.partCount(bytes[...]) }
    }
    let huge = [UInt8](repeating: 255, count: 8)
    let zero = [UInt8](repeating: 0, count: 8)
    #expect(throws: WorkerProtocolError.self) { try WorkerFraming.lengths(huge[...], count: 1) }
    #expect(throws: WorkerProtocolError.self) { try WorkerFraming.lengths((zero + huge)[...], count: 2) }
    #expect(throws: WorkerProtocolError.self) { try WorkerFraming.lengths(zero[...], count: 2) }
    // The JSON of the first part has a limit of its own.
    let long: [UInt8] = [0, 0, 0, 0, 1, 0, 0, 0]
    #expect(throws: WorkerProtocolError.self) { try WorkerFraming.lengths(long[...], count: 1) }
    #expect(throws: Never.self) { try WorkerFraming.lengths((zero + long)[...], count: 2) }
  }
}
