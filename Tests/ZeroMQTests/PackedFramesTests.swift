import Testing

@testable import MartletZeroMQ

@Suite struct PackedFramesTests {
  private func message(_ sizes: [Int]) -> Multipart {
    var message = Multipart()
    for (index, size) in sizes.enumerated() {
      message.append([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: size))
    }
    return message
  }

  @Test(arguments: [
    [], [0], [5], [3, 0, 8192, 8193, 1, 20_000, 0], [20_000, 20_000], Array(repeating: 7, count: 500),
  ])
  func framesComeBack(_ sizes: [Int]) {
    let message = message(sizes)
    for first in [0, 1, 2] {
      let packed = PackedFrames(copying: message, from: first)
      #expect(packed.count == max(0, sizes.count - first))
      for index in 0..<packed.count { #expect(packed[index] == message.shared(first + index)) }
      for start in [0, 1, 3] {
        let frames = packed.frames(from: start)
        #expect(frames == (start..<max(start, packed.count)).map { packed[$0] })
        #expect(packed.size(from: start) == frames.reduce(0) { $0 + $1.count })
      }
      #expect(packed[-1].isEmpty && packed[packed.count].isEmpty)
      #expect(packed.byteCount == packed.count * 4 + packed.size(from: 0))
    }
  }

  /// Messages whose frames share blocks are as they were, whichever of the others are still there.
  @Test func framesInASpaceComeBack() {
    let space = PackingSpace()
    var kept: [(sizes: [Int], frames: PackedFrames)] = []
    for round in 0..<2000 {
      let sizes = [round % 97, 0, round % 1013, round % 50 == 0 ? 9000 : 3]
      kept.append((sizes, PackedFrames(copying: message(sizes), from: 0, into: space)))
      if round % 3 != 0, kept.count > 20 { kept.remove(at: round % kept.count) }
    }
    for (sizes, packed) in kept {
      let message = message(sizes)
      #expect(packed.frames(from: 0) == sizes.indices.map { message.shared($0) })
    }
  }

  @Test func anOmittedFrameIsEmpty() {
    let message = message([4, 9000, 5])
    let packed = PackedFrames(copying: message, from: 0, omitting: 1)
    #expect(packed.frames(from: 0).map(\.count) == [4, 0, 5])
    #expect(packed.byteCount == 21)
  }

  @Test func largeFramesAreShared() {
    let message = message([10, 10_000])
    let packed = PackedFrames(copying: message, from: 0)
    func address(_ bytes: Bytes) -> UnsafeRawPointer? { bytes.withUnsafeBytes(\.baseAddress) }
    #expect(address(packed[1]) == address(message.shared(1)))
    #expect(address(packed[0]) != address(message.shared(0)))
  }
}
