#if canImport(Glibc)
  import Foundation
  import Testing
  import MartletZeroMQ

  @Suite struct FrameMemoryTests {
    /// Runs in its own process, unaffected by memory from other tests. The setting also ends with that process.
    @Test func newFramesReuseFreedMemory() async {
      await #expect(processExitsWith: .success) {
        FrameMemory.reuse()
        let held = 16
        _ = try Self.pageFaults(holding: held)
        #expect(try Self.pageFaults(holding: held) < held * 16)
      }
    }

    /// Allocates and frees `count` frames of one megabyte each, and returns how many pages the kernel had to provide.
    private static func pageFaults(holding count: Int) throws -> Int {
      let before = try pageFaults()
      var frames: [[UInt8]] = []
      for byte in 0..<count { frames.append([UInt8](repeating: UInt8(byte), count: 1 << 20)) }
      return try withExtendedLifetime(frames) { try pageFaults() - before }
    }

    /// This thread's minor page faults so far: the eighth field after the name in `stat`, see proc(5).
    private static func pageFaults() throws -> Int {
      let stat = try String(contentsOfFile: "/proc/thread-self/stat", encoding: .utf8)
      let fields = try #require(stat.split(separator: ")").last).split(separator: " ")
      return try #require(Int(fields[7]))
    }
  }
#endif
