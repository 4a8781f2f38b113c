import Testing

@testable import MartletCluster

/// Combines every place a process can be with every state of its lock.
@Suite struct LivenessTests {
  private let here = HostIdentity(name: "h", machineID: "m", bootID: "b", pidNamespace: "pid:[1]")

  private func process(at host: HostIdentity, startTime: String? = "7") -> ProcessReference {
    var process = ProcessReference(pid: 42)
    process.startTime = startTime
    process.host = host
    return process
  }

  private func judge(
    _ process: ProcessReference?, _ lock: LockFile.State, isAlive: Bool, from here: HostIdentity? = nil
  ) -> Liveness {
    Liveness.judge(process, lock: lock, here: here ?? self.here) { _ in isAlive }
  }

  private var elsewhere: [HostIdentity] {
    var container = here
    container.pidNamespace = "pid:[2]"
    var containerWithName = container
    containerWithName.name = "c"
    containerWithName.machineID = nil
    var withoutOwnProc = here
    withoutOwnProc.pidNamespace = nil
    return [container, containerWithName, withoutOwnProc]
  }

  @Test(arguments: [true, false]) func aHeldLockIsARunningCluster(isAlive: Bool) {
    for host in [here] + elsewhere { #expect(judge(process(at: host), .held, isAlive: isAlive) == .running) }
    #expect(judge(nil, .held, isAlive: isAlive) == .running)
  }

  @Test func withoutNameAndLockNothingRuns() {
    for lock in [LockFile.State.free, .missing, .unusable("x")] { #expect(judge(nil, lock, isAlive: true) == .ended) }
  }

  @Test func inItsNamespaceTheProcessDecides() {
    for lock in [LockFile.State.free, .missing, .unusable("x")] {
      #expect(judge(process(at: here), lock, isAlive: true) == .running)
      #expect(judge(process(at: here), lock, isAlive: false) == .ended)
    }
  }

  @Test func withoutAStartTimeTheLockOutweighsTheProcessID() {
    #expect(judge(process(at: here, startTime: nil), .free, isAlive: true) == .ended)
    #expect(judge(process(at: here, startTime: nil), .missing, isAlive: true) == .running)
  }

  @Test(arguments: [true, false]) func inAnotherNamespaceOnlyTheLockDecides(isAlive: Bool) {
    for host in elsewhere {
      #expect(judge(process(at: host), .free, isAlive: isAlive) == .ended)
      #expect(judge(process(at: host), .missing, isAlive: isAlive) == .unknown(host: host.name))
      #expect(judge(process(at: host), .unusable("x"), isAlive: isAlive) == .unknown(host: host.name))
      // The same pair, seen from the other side.
      #expect(judge(process(at: here), .free, isAlive: isAlive, from: host) == .ended)
      #expect(judge(process(at: here), .missing, isAlive: isAlive, from: host) == .unknown(host: "h"))
    }
  }

  @Test(arguments: [true, false]) func ofAnotherHostNothingIsKnown(isAlive: Bool) {
    var sameName = here
    sameName.machineID = "m2"
    sameName.bootID = "b2"
    var sameMachineID = here
    sameMachineID.name = "other"
    sameMachineID.bootID = "b2"
    for host in [sameName, sameMachineID] {
      for lock in [LockFile.State.free, .missing, .unusable("x")] {
        #expect(judge(process(at: host), lock, isAlive: isAlive) == .unknown(host: host.name))
      }
    }
  }

  @Test func aRebootEndsEverything() {
    var before = here
    before.bootID = "b0"
    for lock in [LockFile.State.free, .missing] { #expect(judge(process(at: before), lock, isAlive: true) == .ended) }
  }

  @Test func runningOutweighsUnknownOutweighsEnded() {
    let unknown = Liveness.unknown(host: "x")
    let all = [Liveness.running, unknown, .ended]
    for one in all {
      for other in all {
        let expected = [one, other].contains(.running) ? .running : [one, other].contains(unknown) ? unknown : .ended
        #expect(one.or(other) == expected)
      }
    }
    #expect("\(unknown)" == "unknown: on host x")
  }
}
