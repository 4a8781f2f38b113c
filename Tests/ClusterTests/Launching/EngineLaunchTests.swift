import MartletWire
import Testing

@testable import MartletCluster

/// What launchers make of a group, without anything being started.
@Suite struct EngineLaunchTests {
  private let context = LaunchContext(
    profile: ProfileDirectory(path: "/p"), clusterID: "c", set: "1", program: ProgramCommand(executable: "/bin/m"),
    arguments: ["--no-python"])

  private func launch(_ group: EngineGroup, _ number: Int = 0) throws -> EngineLaunch {
    try group.launch(number, in: context) { "ID" }
  }

  private let options = "engine --profile-dir=/p --cluster-id=c --no-python"

  @Test func local() throws {
    let launch = try launch(.local(2), 1)
    #expect(launch.kind == .engine && launch.input == .lifeline && launch.uuids == ["ID"])
    #expect(launch.text == "env -u IPP_CONNECTION_INFO MARTLET_ENGINE_UUID=ID /bin/m \(options)")
    #expect(launch.log == "/p/log/ipengine-c-1-1.log")
    #expect(EngineGroup.local(2).launchCount == 2)
  }

  @Test func sshSendsTheConnection() throws {
    var ssh = SSHLauncher(hosts: [SSHHost("a"), SSHHost("me@b", count: 2, port: 7)])
    ssh.arguments = ["-F", "mine"]
    var group = EngineGroup.ssh(ssh)
    group.environment = ["A": "it's"]
    let launch = try launch(group, 2)
    #expect(launch.kind == .connection(host: "me@b") && launch.input == .connection)
    let words = launch.command.arguments
    #expect(launch.command.executable == "ssh" && words.prefix(2) == ["-F", "mine"])
    #expect(words.suffix(5).dropLast() == ["-p", "7", "--", "me@b"])
    let script = """
      echo "martlet: connected to $(uname -n)"; \
      env 'A=it'\\''s' MARTLET_ENGINE_UUID=ID /bin/m engine --file=- \(options.dropFirst(7)); exit $?
      """
    #expect(words.last == ["exec", "/bin/sh", "-c", script].shellCommand)
  }

  @Test func enginesOfAHostShareConnections() throws {
    let ssh = SSHLauncher(hosts: [SSHHost("a", count: 11), SSHHost("b"), SSHHost("a", count: 2), SSHHost("a", port: 7)])
    let connections = ssh.connections.map { "\($0.host)-\($0.number)" }
    #expect(connections == Array(repeating: "0-0", count: 10) + ["0-1", "1-0", "0-1", "0-1", "3-0"])
    var context = context
    context.sockets = "/tmp/s"
    let launch = try EngineGroup.ssh(ssh).launch(12, in: context) { "ID" }
    #expect(launch.command.arguments.contains("ControlPath=/tmp/s/ssh-1-0-1"))
  }

  @Test func sshConnectsInLanes() {
    let group = EngineGroup.ssh(["a": 200, "b": 11])
    let lanes = group.lanes(of: Array(0..<group.launchCount))
    #expect(lanes.count == SSHLauncher.pendingLimit + 2)
    #expect(lanes.flatMap(\.self).sorted() == Array(0..<211))
    #expect(lanes.contains(Array(0..<10) + Array(80..<90) + Array(160..<170)))
    #expect(EngineGroup.local(3).lanes(of: [0, 1, 2]) == [[0, 1, 2]])
  }

  @Test(arguments: [
    (MartletCluster.ExitStatus.exited(0), MartletCluster.ExitStatus.exited(0)), (.exited(1), .exited(1)),
    (.exited(137), .signaled(9)),
    (.exited(255), .unknown("the ssh connection ended: Broken pipe")), (.signaled(9), .signaled(9)),
  ])
  func statusOfSSH(_ status: MartletCluster.ExitStatus, _ meaning: MartletCluster.ExitStatus) {
    #expect(SSHLauncher.status(status, lastWords: "Broken pipe") == meaning)
  }

  @Test func mpiStartsAllAtOnce() throws {
    var mpi = MPILauncher()
    mpi.arguments = ["--hostfile", "hosts"]
    let launch = try launch(EngineGroup(.mpi(mpi), count: 2))
    #expect(launch.uuids == ["ID-0", "ID-1"] && launch.kind == .starter)
    #expect(
      launch.text
        == "env -u IPP_CONNECTION_INFO MARTLET_ENGINE_SET_UUID=ID mpiexec -n 2 --hostfile hosts /bin/m \(options)")
    #expect(EngineGroup.mpi(2).launchCount == 1)
  }

  @Test(arguments: ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"])
  func enginesOfASetDifferByTheirRank(variable: String) throws {
    let environment = ["MARTLET_ENGINE_SET_UUID": "ID", variable: "3"]
    #expect(try EngineOptions.read(["--profile-dir=/p"], environment: environment).options.uuid == "ID-3")
    #expect(try EngineOptions.read(["--profile-dir=/p"], environment: [variable: "3"]).options.uuid == nil)
    #expect(
      try EngineOptions.read(["--profile-dir=/p"], environment: ["MARTLET_ENGINE_SET_UUID": "ID"]).options.uuid == nil)
  }
}
