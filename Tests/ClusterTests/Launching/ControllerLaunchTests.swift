import MartletWire
import Testing

@testable import MartletCluster

/// What launchers make of a controller, without anything being started.
@Suite struct ControllerLaunchTests {
  private func launch(_ launcher: EngineLauncher) throws -> EngineLaunch {
    var cluster = ClusterConfiguration(profile: ProfileDirectory(path: "/p"), clusterID: "c")
    cluster.controllerProgram = ProgramCommand(executable: "/bin/m")
    cluster.controllerLauncher = launcher
    cluster.controllerEnvironment = ["A": "b c"]
    let arguments = cluster.controllerArguments(socketAddress: nil, hasOwnNetwork: false)
    return try cluster.controllerLaunch(arguments, label: "7", sockets: "/tmp/s", replacesFiles: true)
  }

  @Test func local() throws {
    let launch = try launch(.local)
    #expect(launch.kind == .starter && launch.input == .lifeline && launch.uuids.isEmpty)
    #expect(launch.text == "env 'A=b c' /bin/m controller --profile-dir=/p --cluster-id=c")
    #expect(launch.log == "/p/log/ipcontroller-c-7.log")
  }

  @Test func mpiStartsOne() throws {
    let launch = try launch(.mpi(MPILauncher()))
    #expect(launch.text == "env 'A=b c' mpiexec -n 1 /bin/m controller --profile-dir=/p --cluster-id=c")
    #expect(launch.kind == .starter && launch.input == .lifeline)
  }

  @Test func sshListensBeyondThisMachineInTheHostsProfile() throws {
    var ssh = SSHLauncher(hosts: [SSHHost("me@b", port: 7)])
    ssh.remoteProfile = "/far"
    let launch = try launch(.ssh(ssh))
    #expect(launch.kind == .connection(host: "me@b") && launch.input == .silence && launch.environment.isEmpty)
    let words = launch.command.arguments
    #expect(words.contains("ControlPath=/tmp/s/ssh-controller"))
    #expect(words.suffix(5).dropLast() == ["-p", "7", "--", "me@b"])
    let files = "/far/security/ipcontroller-c-client.json /far/security/ipcontroller-c-engine.json"
    let script = """
      rm -f -- \(files); echo "martlet: connected to $(uname -n)"; env 'A=b c' MARTLET_LIFELINE=stdin \
      /bin/m controller --profile-dir=/far --cluster-id=c --transport=tcp '--ip=*'; exit $?
      """
    #expect(words.last == ["exec", "/bin/sh", "-c", script].shellCommand)
  }

  @Test(arguments: [
    (
      BatchSystem.slurm,
      "#!/bin/sh\n#SBATCH --ntasks=1\n#SBATCH --output=LOG\n#SBATCH --export=ALL\n#SBATCH --job-name=ipcontroller-c\nexec COMMAND\n"
    ),
    (.pbs, "#!/bin/sh\n#PBS -j oe\n#PBS -o LOG\n#PBS -N ipcontroller\n#PBS -V\nCOMMAND\n"),
    (.sge, "#!/bin/sh\n#$ -j y\n#$ -o LOG\n#$ -S /bin/sh\n#$ -N ipcontroller\n#$ -V\nCOMMAND\n"),
    (.lsf, "#!/bin/sh\n#BSUB -J ipcontroller\n#BSUB -o LOG\n#BSUB -e LOG\nCOMMAND\n"),
  ])
  func scripts(_ system: BatchSystem, _ script: String) throws {
    let launch = try launch(.batch(BatchLauncher(system)))
    let suffix = system == .slurm ? "sbatch" : system.rawValue
    #expect(launch.script?.path == "/p/log/ipcontroller-c-7.\(suffix)")
    let command = "/bin/m controller --profile-dir=/p --cluster-id=c --transport=tcp '--ip=*'"
    let expected = script.replacing("LOG", with: launch.log).replacing("COMMAND", with: command)
    #expect(launch.script?.text == expected)
    #expect(launch.environment == ["A": "b c"] && launch.input == .nothing)
  }

  @Test func condorsDescription() throws {
    let text = try #require(try launch(.batch(BatchLauncher(.htcondor))).script?.text)
    #expect(text.contains("\nenvironment = \"'A=b c'\"\n") && text.hasSuffix("\nqueue 1\n"))
    #expect(text.contains("\noutput = /p/log/ipcontroller-c-7.log\n"))
  }

  /// A scheduler may run a job's script again, which has to go on then.
  @Test func aJobGoesOnWithWhatItFinds() {
    var cluster = ClusterConfiguration(profile: ProfileDirectory(path: "/p"), clusterID: "c")
    #expect(cluster.restartArguments(isFirst: true) == ["--new-journal"])
    #expect(cluster.restartArguments(isFirst: false) == ["--restore"])
    cluster.controllerLauncher = .batch(BatchLauncher(.pbs))
    for isFirst in [true, false] { #expect(cluster.restartArguments(isFirst: isFirst) == ["--restore", "--new-host"]) }
  }

  @Test func commandsOnTheControllersHost() throws {
    var cluster = ClusterConfiguration(profile: ProfileDirectory(path: "/p"), clusterID: "c")
    #expect(ControllerHost(cluster, sockets: nil) == nil)
    cluster.controllerProgram = ProgramCommand(executable: "/bin/m", arguments: ["x"])
    var ssh = SSHLauncher(hosts: [SSHHost("me@b", port: 7)])
    ssh.remoteProfile = "/far"
    cluster.controllerLauncher = .ssh(ssh)
    let host = try #require(ControllerHost(cluster, sockets: "/tmp/s"))
    #expect(host.command.contains("ControlPath=/tmp/s/ssh-controller"))
    #expect(host.command.suffix(4) == ["-p", "7", "--", "me@b"])
    #expect(host.program == ["/bin/m", "x"] && host.profile == "/far" && ControllerHost(host.json) == host)
    for json: JSONValue? in [
      nil, .null, ["name": "b"], ["name": "b", "profile_dir": "/p", "command": [], "program": ["m"]],
    ] {
      #expect(ControllerHost(json) == nil)
    }
  }

  @Test func containersAreForEngines() {
    #expect(throws: OptionError.self) { try launch(.docker(DockerLauncher())) }
  }
}
