#if canImport(Glibc)
  import Foundation
  import Testing
  import ZeroMQ

  @Suite struct FrameMemoryTests {
    @Test func framesTakeThePlaceOfThoseThatAreGone() throws {
      FrameMemory.reuse()
      let held = 32
      _ = try pageFaults(holding: held)
      #expect(try pageFaults(holding: held) < held * 16)
    }

    /// How many pages the kernel had to find while a number of frames of a megabyte were made; they are gone afterwards.
    private func pageFaults(holding count: Int) throws -> Int {
      let before = try pageFaults()
      var frames: [[UInt8]] = []
      for byte in 0..<count { frames.append([UInt8](repeating: UInt8(byte), count: 1 << 20)) }
      return try withExtendedLifetime(frames) { try pageFaults() - before }
    }

    /// This thread's minor page faults so far: the eighth field after its name in proc(5)'s `stat`.
    private func pageFaults() throws -> Int {
      let stat = try String(contentsOfFile: "/proc/thread-self/stat", encoding: .utf8)
      let fields = try #require(stat.split(separator: ")").last).split(separator: " ")
      return try #require(Int(fields[7]))
    }
  }
#endif
