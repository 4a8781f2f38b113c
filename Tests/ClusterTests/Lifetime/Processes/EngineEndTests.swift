import Testing

@testable import MartletCluster

@Suite struct EngineEndTests {
  @Test func saysHowTheProcessEnded() throws {
    let folder = try TemporaryFolder()
    let log = try folder.write("a line\nmartlet engine: Python has ended\n", to: "log")
    func end(_ status: MartletCluster.ExitStatus) -> EngineEnd { EngineEnd(of: "process 7", status: status, log: log) }
    #expect(end(.signaled(9)).reason == "its process 7 was killed by SIGKILL (signal 9)")
    #expect(end(.signaled(99)).reason == "its process 7 was killed by signal 99")
    #expect(end(.signaled(4)).reason == "its process 7 was killed by SIGILL (signal 4)")
    let crash = EngineEnd(
      of: "process 7", status: .signaled(4), log: try folder.write("a line\nA.swift:1: Fatal error: no\n", to: "crash"))
    #expect(crash.reason == "its process 7 was killed by SIGILL (signal 4): A.swift:1: Fatal error: no")
    #expect(end(.exited(3)).reason == "its process 7 ended with exit code 3: Python has ended")
    #expect(end(.exited(0)).reason == "its process 7 ended with exit code 0")
    #expect(end(.unknown("lost")).reason == "its process 7 is gone (lost)")
    #expect(end(.exited(0)).isWanted && !end(.exited(3)).isWanted && !end(.signaled(15)).isWanted)
    #expect(
      EngineEnd(of: "process 7", status: .exited(3), log: "/no/log").reason == "its process 7 ended with exit code 3")
  }

  @Test(
    arguments: [
      (.exited(1), true), (.signaled(9), true), (.unknown("NODE_FAIL"), true), (.unknown("FAILED (Prolog)"), true),
      (.exited(0), false), (.exited(75), false), (.unknown("CANCELLED by 0"), false),
      (.unknown("TIMEOUT (TimeLimit)"), false), (.unknown("PREEMPTED"), false),
      (.unknown("EXIT (TERM_RUNLIMIT: job killed after reaching LSF run time limit)"), false), (.unknown("EXIT"), true),
      (.unknown("removed (The job attribute PeriodicRemove expression)"), false),
      (.unknown("failed 37 : qmaster enforced h_rt, exit_status 137"), false),
      (.unknown("failed 8 : in prolog, exit_status 0"), true),
    ] as [(MartletCluster.ExitStatus, Bool)])
  func whatSaysSomethingAboutANode(_ status: MartletCluster.ExitStatus, _ blames: Bool) {
    #expect(EngineEnd(of: "job 7 of Slurm", status: status, log: "/no/log").blamesNode == blames)
  }

  @Test(
    arguments: [
      (.unknown("CANCELLED by 0"), true), (.unknown("EXIT (TERM_OWNER: job killed by owner)"), true),
      (.unknown("removed (via condor_rm (by user me))"), true), (.unknown("removed (The job attribute)"), false),
      (.unknown("EXIT (TERM_PREEMPT: job killed after preemption)"), false), (.unknown("PREEMPTED"), false),
      (.exited(0), false), (.signaled(9), false),
    ] as [(MartletCluster.ExitStatus, Bool)])
  func whatAPersonHasDone(_ status: MartletCluster.ExitStatus, _ isCancelled: Bool) {
    #expect(EngineEnd(of: "job 7", status: status, log: "/no/log").isCancelled == isCancelled)
  }
}
