import Foundation
import MartletWire
import Testing

@testable import MartletCluster

@Suite(.timeLimit(.minutes(1))) struct LockFileTests {
  private let folder: TemporaryFolder
  private var path: String { "\(folder.path)/l" }

  init() throws { folder = try TemporaryFolder() }

  @Test func excludesOthersUntilItIsRemoved() throws {
    #expect(LockFile.state(of: path) == .missing)
    let lock = try #require(try Box(path))
    #expect(LockFile.state(of: path) == .held)
    #expect(try Box(path) == nil)
    lock.remove()
    #expect(LockFile.state(of: path) == .missing)
  }

  @Test func isFreedWithItsHolderAndKeepsItsName() throws {
    do {
      let lock = try #require(try Box(path))
      try lock.write(.current)
    }
    #expect(LockFile.state(of: path) == .free)
    #expect(try LockFile.holder(path) == .current)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func isGoneWithAKilledProcess() async throws {
    // flock(1) takes another kind of lock. Python's fcntl takes the same kind as here, but for a whole process.
    let script = """
      import fcntl, time
      file = open("\(path)", "w")
      fcntl.lockf(file, fcntl.LOCK_EX)
      print("ready", flush=True)
      time.sleep(1000)
      """
    let child = Process()
    let output = Pipe()
    child.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    child.arguments = ["python3", "-c", script]
    child.standardOutput = output
    try child.run()
    _ = try output.fileHandleForReading.read(upToCount: 5)
    #expect(LockFile.state(of: path) == .held)
    kill(child.processIdentifier, SIGKILL)
    child.waitUntilExit()
    #expect(LockFile.state(of: path) == .free)
  }

  @Test(arguments: ["", "{", "[]", #"{"pid": "1", "host": "h"}"#, #"{"pid": 1}"#, #"{"pid": 1, "host": 2}"#])
  func reportsAHolderItCannotRead(text: String) throws {
    try folder.write(text, to: "l")
    #expect(throws: PrivateFileError.self) { try LockFile.holder(path) }
  }

  @Test func replacesWhatIsNoFile() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    #expect(try Box(path) != nil)
    unlink(path)
    #expect(mkfifo(path, 0o600) == 0)
    #expect(try Box(path) != nil)
    #expect(throws: PrivateFileError.self) { try Box("/no/such/folder/l") }
  }
}

/// Wraps a lock for macros that copy their arguments.
private final class Box {
  private var lock: LockFile?

  init?(_ path: String) throws {
    lock = try LockFile.acquire(path)
    if lock == nil { return nil }
  }

  func write(_ process: ProcessReference) throws { try lock?.write(process) }
  func remove() { lock.take()?.remove() }
}
