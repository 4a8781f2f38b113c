import Testing

@testable import MartletCluster

@Suite struct EngineLifetimeTests {
  private let configuration = ClusterConfiguration(profile: ProfileDirectory(path: "/no/such/folder"))

  @Test func timePassesOnlyForAllocationsThatHaveBegun() {
    let now = ContinuousClock.now
    #expect(EngineLifetime.unknown.left(at: now) == nil)
    #expect(EngineLifetime.span(.seconds(60)).left(at: now + .seconds(50)) == .seconds(60))
    #expect(EngineLifetime.end(now + .seconds(60)).left(at: now + .seconds(50)) == .seconds(10))
    #expect(EngineLifetime.end(now + .seconds(60)).left(at: now + .seconds(70)) == .zero)
  }

  @Test func jobsHaveTheTimeOfTheirScripts() {
    var launcher = BatchLauncher(.slurm)
    #expect(configuration.lifetime(of: EngineGroup(.batch(launcher), count: 1)) == .unknown)
    launcher.timelimit = "10"
    var group = EngineGroup(.batch(launcher), count: 1)
    #expect(configuration.lifetime(of: group) == .span(.seconds(600)))
    group.arguments = ["--time-limit=20"]
    #expect(configuration.lifetime(of: group) == .span(.seconds(20)))
    group.arguments = ["--time-limit=0"]
    #expect(configuration.lifetime(of: group) == .unknown)
  }

  @Test func whatIsStartedElsewhereDoesNotShareThisProcessesAllocation() {
    var group = EngineGroup.ssh(["node": 1])
    #expect(configuration.lifetime(of: group) == .unknown)
    group.arguments = ["--time-limit=20"]
    #expect(configuration.lifetime(of: group) == .span(.seconds(20)))
  }
}
