import Foundation
import Testing

@testable import MartletCluster

@Suite struct PrecedenceTests {
  private let folder: TemporaryFolder
  private let profile: ProfileDirectory

  init() throws {
    folder = try TemporaryFolder()
    profile = try folder.profile()
    let python =
      "c.TaskScheduler.hwm = 2\nc.TaskScheduler.scheme_name = 'lru'\nc.IPController.location = 'python'\n"
      + "c.Session.key = b'python'\nc.IPController.cluster_id = 'python'\n"
    try folder.write(python, to: "profile_default/ipcontroller_config.py")
    let json = #"{"TaskScheduler": {"hwm": 3}, "IPController": {"location": "json"}}"#
    try folder.write(json, to: "profile_default/ipcontroller_config.json")
  }

  private func read(
    _ arguments: [String] = [], environment: [String: String] = [:]
  ) throws -> ControllerOptions {
    try ControllerOptions.read(arguments, environment: folder.environment.merging(environment) { $1 }).options
  }

  @Test func jsonStandsAbovePython() throws {
    let options = try read()
    #expect(options.scheduler.highWaterMark == 3)
    #expect(options.scheduler.scheme == "lru")
  }

  @Test func commandLineStandsAboveFiles() throws {
    let options = try read(["--hwm=4", "--location=line"])
    #expect(options.scheduler.highWaterMark == 4)
    #expect(options.network.location == "line")
  }

  @Test func parentClassesOnTheCommandLineStandAboveTheRolesOwnInFiles() throws {
    #expect(try read(["--cluster-id=line"]).application.clusterID == "line")
  }

  @Test func filesStandAboveTheClusterIDOfTheEnvironment() throws {
    #expect(try read(environment: ["IPP_CLUSTER_ID": "env"]).application.clusterID == "python")
  }

  @Test func sessionKeyOfTheEnvironmentStandsAboveFiles() throws {
    #expect(try read().security.sessionKey == "python")
    #expect(try read(environment: ["IPP_SESSION_KEY": "env"]).security.sessionKey == "env")
    #expect(try read(["--Session.key=line"], environment: ["IPP_SESSION_KEY": "env"]).security.sessionKey == "line")
  }

  @Test func extraFileStandsAboveTheProfiles() throws {
    let extra = try folder.write("c.TaskScheduler.hwm = 9", to: "extra.py")
    #expect(try read(["--config=\(extra)"]).scheduler.highWaterMark == 9)
  }

  @Test func profileComesFromLineThenEnvironmentThenDefault() throws {
    let other = try folder.profile("other")
    #expect(try read().application.profile == profile)
    #expect(try read(environment: ["IPP_PROFILE_DIR": other.path]).application.profile == other)
    #expect(
      try read(["--profile=third"], environment: ["IPP_PROFILE_DIR": other.path]).application.profile.name == "third")
    #expect(try read(["--profile-dir=\(other.path)", "--profile=third"]).application.profile == other)
  }
}
