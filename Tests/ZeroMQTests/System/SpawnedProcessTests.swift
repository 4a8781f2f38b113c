import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct SpawnedProcessTests {
  private func shell(_ script: String, input: StreamSocket) throws -> SpawnedProcess {
    try SpawnedProcess("/bin/sh", ["-c", script], descriptors: [input.descriptor, 1, 2])
  }

  @Test func tellsHowAProcessEnded() throws {
    let (_, theirs) = try StreamSocket.pair()
    #expect(try shell("exit 3", input: theirs).wait() == .exited(3))
    #expect(try shell("kill -9 $$", input: theirs).wait() == .signalled(9))
    let process = try shell("exit 0", input: theirs)
    #expect(process.wait() == .exited(0))
    // Its id may be another's now.
    #expect(!process.signal(0))
    #expect(process.wait() == .exited(0))
  }

  @Test func descriptorsAreTheChilds() throws {
    let (ours, theirs) = try StreamSocket.pair()
    let process = try SpawnedProcess(
      "/bin/sh", ["-c", "echo out; echo err >&2; cat"],
      descriptors: [theirs.descriptor, theirs.descriptor, theirs.descriptor])
    try ours.send([Bytes("in"), Bytes(), Bytes("put")])
    ours.endSending()
    #expect(try ours.receive(13, startingWith: [])?.string == "out\nerr\ninput")
    #expect(process.wait() == .exited(0))
  }

  @Test func signalsAreDefaultAndReachTheGroup() throws {
    let (ours, theirs) = try StreamSocket.pair()
    let process = try SpawnedProcess(
      "/bin/sh", ["-c", "sleep 600 & echo; wait"], descriptors: [theirs.descriptor, theirs.descriptor, 2])
    #expect(try ours.receive(1, startingWith: [])?.string == "\n")
    #expect(process.signal(15, toGroup: true))
    #expect(process.wait() == .signalled(15))
  }

  @Test func aMissingProgramIsAnError() throws {
    let (_, theirs) = try StreamSocket.pair()
    #expect(throws: ZeroMQError.self) {
      try SpawnedProcess("/no/such/program", [], descriptors: [theirs.descriptor, 1, 2])
    }
  }

  @Test func severalThreadsMayWait() async throws {
    let (ours, theirs) = try StreamSocket.pair()
    let process = try shell("read line; exit 4", input: theirs)
    await withTaskGroup(of: SpawnedProcess.Exit.self) { group in
      for _ in 0..<2 { group.addTask { process.wait() } }
      try? ours.send([Bytes("\n")])
      for await exit in group { #expect(exit == .exited(4)) }
    }
  }
}
