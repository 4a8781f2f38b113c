import Foundation
import Testing

@testable import MartletCluster

@Suite struct SocketDirectoryTests {
  private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  @Test func isShortAndPrivate() throws {
    let directory = try SocketDirectory.make()
    let (path, address) = (directory.path, directory.address)
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o700)
    #expect("\(address)-65535".utf8.count <= 107)
    directory.remove()
    #expect(!exists(path))
  }

  @Test func staysAsLongAsItIsHeld() throws {
    let path: String
    do {
      let directory = try SocketDirectory.make()
      path = directory.path
      #expect(!SocketDirectory.removeIfStale(path))
      #expect(exists(path))
      _ = consume directory
    }
    // The lock is free but its process lives, so the folder may still be in use.
    #expect(!SocketDirectory.removeIfStale(path))
    var dead = ProcessReference.current
    dead.pid = Int(Int32.max)
    do { try LockFile.acquire("\(path)/lock")?.write(dead) }
    #expect(SocketDirectory.removeIfStale(path))
    #expect(!exists(path))
  }

  @Test func staysWhereItsProcessMayRunOnAnotherHost() throws {
    let path = "/tmp/martlet-\(getuid())-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path) }
    var process = ProcessReference.current
    process.host = HostIdentity(name: "far", machineID: "m", bootID: "b", pidNamespace: "pid:[1]")
    do { try LockFile.acquire("\(path)/lock")?.write(process) }
    #expect(!SocketDirectory.removeIfStale(path))
    #expect(exists(path))
  }

  @Test func othersAreNotTouched() throws {
    let folder = try TemporaryFolder()
    #expect(!SocketDirectory.removeIfStale(folder.path))
    #expect(exists(folder.path))
  }
}
