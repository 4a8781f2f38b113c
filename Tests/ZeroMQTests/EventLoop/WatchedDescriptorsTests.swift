import Foundation
import Testing

@testable import MartletZeroMQ

@Suite struct WatchedDescriptorsTests {
  /// The sources that a look finds.
  private func look(_ watched: inout WatchedDescriptors) -> [UInt64] {
    var ready: [UInt64] = []
    _ = watched.wait(0, &ready)
    return ready.sorted()
  }

  private func readablePipe() throws -> Pipe {
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: [1])
    return pipe
  }

  @Test func descriptorsAreFoundWhileTheyCanBeRead() throws {
    var watched = try WatchedDescriptors()
    let (full, empty) = (try readablePipe(), Pipe())
    watched.add(1, of: full.fileHandleForReading.fileDescriptor)
    watched.add(2, of: empty.fileHandleForReading.fileDescriptor)
    #expect(look(&watched) == [1])
    #expect(look(&watched) == [1])
    try empty.fileHandleForWriting.write(contentsOf: [1])
    #expect(look(&watched) == [1, 2])
    _ = try full.fileHandleForReading.read(upToCount: 1)
    #expect(look(&watched) == [2])
  }

  @Test func oneThatTheOtherSideClosedIsFound() throws {
    var watched = try WatchedDescriptors()
    let pipe = Pipe()
    watched.add(1, of: pipe.fileHandleForReading.fileDescriptor)
    #expect(look(&watched) == [])
    try pipe.fileHandleForWriting.close()
    #expect(look(&watched) == [1])
  }

  @Test func severalSourcesMayShareOne() throws {
    var watched = try WatchedDescriptors()
    let pipe = try readablePipe()
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    watched.add(1, of: descriptor)
    watched.add(2, of: descriptor)
    #expect(look(&watched) == [1, 2])
    watched.remove(1, of: descriptor)
    #expect(look(&watched) == [2])
    watched.remove(2, of: descriptor)
    #expect(look(&watched) == [])
  }

  /// A source may be cancelled late, when its descriptor is closed and the number another's.
  @Test func theNextWithTheSameNumberIsWatched() throws {
    var watched = try WatchedDescriptors()
    let first = Pipe()
    let descriptor = first.fileHandleForReading.fileDescriptor
    watched.add(1, of: descriptor)
    let second = try readablePipe()
    try #require(dup2(second.fileHandleForReading.fileDescriptor, descriptor) == descriptor)
    watched.add(2, of: descriptor)
    #expect(look(&watched).contains(2))
    watched.remove(1, of: descriptor)
    #expect(look(&watched) == [2])
    watched.remove(2, of: descriptor)
    #expect(look(&watched) == [])
  }

  @Test func moreThanOneLookFindsAreAllFound() throws {
    var watched = try WatchedDescriptors()
    let pipes = try (1...150).map { _ in try readablePipe() }
    for (index, pipe) in pipes.enumerated() {
      watched.add(UInt64(index + 1), of: pipe.fileHandleForReading.fileDescriptor)
    }
    var found: Set<UInt64> = []
    // Each look finds others first once those before have been served.
    for _ in 0..<10 where found.count < 150 {
      for source in look(&watched) where found.insert(source).inserted {
        _ = try pipes[Int(source) - 1].fileHandleForReading.read(upToCount: 1)
      }
    }
    #expect(found.count == 150)
  }

  /// Files that always can be read, as those on disk, are not for epoll.
  @Test func aFileCountsAsReadable() throws {
    let path = NSTemporaryDirectory() + "watched-\(UUID().uuidString)"
    try Data([1]).write(to: URL(fileURLWithPath: path))
    defer { unlink(path) }
    let file = try #require(FileHandle(forReadingAtPath: path))
    var watched = try WatchedDescriptors()
    watched.add(1, of: file.fileDescriptor)
    #expect(look(&watched) == [1])
    watched.remove(1, of: file.fileDescriptor)
    #expect(look(&watched) == [])
  }
}
