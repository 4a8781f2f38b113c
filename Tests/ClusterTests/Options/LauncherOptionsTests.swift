import Testing

@testable import MartletCluster

/// What `--engines` and the configuration of `ipcluster` mean.
@Suite struct LauncherOptionsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func group(_ arguments: String..., configuration: String = "") throws -> EngineGroup {
    _ = try folder.write(configuration, to: "ipcluster_config.py")
    return try ClusterOptions.read(["--profile-dir=\(folder.path)"] + arguments, environment: [:]).options.engineGroup()
  }

  private func message(_ arguments: String..., configuration: String = "") throws -> String {
    _ = try folder.write(configuration, to: "ipcluster_config.py")
    let error = #expect(throws: OptionError.self) {
      try ClusterOptions.read(["--profile-dir=\(folder.path)"] + arguments, environment: [:]).options.engineGroup()
    }
    return "\(try #require(error))"
  }

  @Test func groupsMayGrowAndShrinkByThemselves() throws {
    let group = try group("--engines=slurm", "--min=0", "--max=200", "--idle=30")
    #expect(group.scaling == EngineScaling(minimum: 0, maximum: 200, idleTime: .seconds(30)))
    #expect(group.count == 0)
    #expect(try self.group("-n=4", "--max=8").count == 4)
    #expect(try self.group("-n=4").scaling == nil)
    #expect(try message("--min=1").contains("--min needs --max"))
    #expect(try message("--min=-1", "--max=1").contains("-1"))
    for bounds in [("3", "2"), ("0", "0")] {
      #expect(try message("--min=\(bounds.0)", "--max=\(bounds.1)").contains("not below"), "\(bounds)")
    }
  }

  @Test(arguments: [
    "local", "Local", "LocalEngineSetLauncher", "ipyparallel.cluster.launcher.LocalEngineSetLauncher", "local:3",
  ])
  func local(_ name: String) throws {
    #expect(try group("--engines=\(name)", "-n", "3") == .local(3))
  }

  @Test func hostsOnTheCommandLine() throws {
    let hosts = [SSHHost("node1", count: 2), SSHHost("me@node2"), SSHHost("fe80::1", count: 4)]
    let group = try group("--engines=ssh:node1:2,me@node2,[fe80::1]:4")
    #expect(group == .ssh(SSHLauncher(hosts: hosts)))
    #expect(group.engineCount == 7)
  }

  @Test func hostsInTheConfiguration() throws {
    let group = try group(
      "--engines=SSH",
      configuration: """
        c.SSHEngineSetLauncher.engines = {'node1': 2, 'me@node2:2222': {'n': 3}}
        c.SSHLauncher.ssh_args = ['-F', 'mine']
        c.SSHLauncher.user = 'you'
        c.SSHLauncher.remote_python = '/opt/python'
        c.SSHEngineSetLauncher.engine_args = ['--log-level=10']
        """)
    var launcher = SSHLauncher(hosts: [SSHHost("me@node2", count: 3, port: 2222), SSHHost("you@node1", count: 2)])
    launcher.arguments = ["-F", "mine"]
    var expected = EngineGroup.ssh(launcher)
    expected.arguments = ["--python=/opt/python", "--log-level=10"]
    #expect(group == expected)
  }

  @Test(arguments: [
    "{'a': (2, ['--debug']), 'b': 1}", "{'a': [2, ['--debug']], 'b': {}}",
    "{'a': {'n': 2, 'engine_args': ['--debug']}, 'b': {'n': 1}}",
  ])
  func enginesOfAHostHaveOptionsOfTheirOwn(_ engines: String) throws {
    var first = SSHHost("a", count: 2)
    first.arguments = ["--debug"]
    let group = try group("--engines=ssh", configuration: "c.SSHEngineSetLauncher.engines = \(engines)")
    #expect(group == .ssh(SSHLauncher(hosts: [first, SSHHost("b")])))
  }

  @Test func hostsOverrideWhatIsForAll() throws {
    let group = try group(
      "--engines=ssh",
      configuration: """
        c.SSHLauncher.user = 'you'
        c.SSHEngineSetLauncher.engines = {'a': {'user': 'me', 'remote_python': '/py', 'environment': {'A': 'b'}}}
        """)
    var host = SSHHost("me@a")
    host.arguments = ["--python=/py"]
    host.environment = ["A": "b"]
    #expect(group == .ssh(SSHLauncher(hosts: [host])))
    let context = LaunchContext(
      profile: ProfileDirectory(path: "/p"), clusterID: "", set: "1", program: ProgramCommand(executable: "/m"),
      arguments: ["--python=/all"])
    let script = try #require(try group.launch(0, in: context) { "ID" }.command.arguments.last)
    #expect(script.contains("A=b") && script.contains("--python=/all --python=/py"))
  }

  @Test func theProxysHostHasAllEngines() throws {
    let configuration = """
      c.Cluster.engine_launcher_class = 'ipyparallel.cluster.launcher.SSHProxyEngineSetLauncher'
      c.SSHProxyEngineSetLauncher.hostname = 'node1'
      c.SSHProxyEngineSetLauncher.user = 'me'
      c.SSHProxyEngineSetLauncher.ssh_args = ['-p2222']
      c.SSHProxyEngineSetLauncher.ipcluster_cmd = ['ipcluster']
      c.Cluster.n = 3
      """
    var launcher = SSHLauncher(hosts: [SSHHost("me@node1", count: 3)])
    launcher.arguments = ["-p2222"]
    #expect(try group(configuration: configuration) == .ssh(launcher))
    #expect(try message("--engines=sshproxy").contains("c.SSHProxyEngineSetLauncher.hostname"))
    let refused = configuration + "\nc.SSHProxyEngineSetLauncher.ipcluster_args = ['--debug']"
    #expect(try message(configuration: refused).contains("engine_args"))
  }

  @Test func countIsAnUpperLimitForHosts() throws {
    #expect(try group("--engines=ssh:a:2,b:2", "-n", "3").engineCount == 3)
    #expect(try group("--engines=ssh:a:2,b:2", "-n", "9").engineCount == 4)
  }

  @Test func slurm() throws {
    let group = try group(
      "--engines=slurm", "-n", "8", "--SlurmLauncher.account=us",
      configuration: """
        c.SlurmLauncher.queue = 'short'
        c.SlurmEngineSetLauncher.timelimit = 30
        c.BatchSystemLauncher.namespace = {'mail': 'me', 'tries': 3}
        c.EngineLauncher.environment = {'OMP_NUM_THREADS': '1'}
        """)
    var launcher = BatchLauncher(.slurm)
    launcher.queue = "short"
    launcher.account = "us"
    launcher.timelimit = "30"
    launcher.namespace = ["mail": "me", "tries": "3"]
    var expected = EngineGroup(.batch(launcher), count: 8)
    expected.environment = ["OMP_NUM_THREADS": "1"]
    #expect(group == expected)
  }

  @Test func mpi() throws {
    var launcher = MPILauncher()
    launcher.command = ["srun"]
    launcher.arguments = ["--mpi=pmix"]
    let configuration = "c.MPILauncher.mpi_cmd = ['srun']\nc.MPILauncher.mpi_args = ['--mpi=pmix']"
    for name in ["mpi:4", "MPIEngineSetLauncher:4", "MPIExecEngineSetLauncher:4"] {
      #expect(try group("--engines=\(name)", configuration: configuration) == EngineGroup(.mpi(launcher), count: 4))
    }
  }

  private func controller(_ arguments: String..., configuration: String = "") throws -> ClusterConfiguration {
    _ = try folder.write(configuration, to: "ipcluster_config.py")
    let options = try ClusterOptions.read(["--profile-dir=\(folder.path)"] + arguments, environment: [:]).options
    var cluster = ClusterConfiguration()
    options.describeController(in: &cluster)
    return cluster
  }

  @Test func theControllerHasALauncherOfItsOwn() throws {
    let configuration = """
      c.Cluster.controller_launcher_class = 'ipyparallel.cluster.launcher.SlurmControllerLauncher'
      c.Cluster.engine_launcher_class = 'ssh:node1:2'
      c.SlurmLauncher.queue = 'long'
      c.SlurmControllerLauncher.timelimit = '1-0'
      c.SlurmControllerLauncher.controller_args = ['--hwm=0']
      c.SlurmControllerLauncher.environment = {'A': 'b'}
      c.SlurmEngineSetLauncher.queue = 'short'
      """
    let cluster = try controller(configuration: configuration)
    var slurm = BatchLauncher(.slurm)
    slurm.queue = "long"
    slurm.timelimit = "1-0"
    #expect(cluster.controllerLauncher == .batch(slurm))
    #expect(cluster.controllerArguments == ["--hwm=0"] && cluster.controllerEnvironment == ["A": "b"])
    #expect(try group(configuration: configuration) == .ssh(["node1": 2]))
    #expect(try controller().controllerLauncher == .local)
  }

  @Test(arguments: [
    ("--controller=ssh:me@node1", ""), ("--controller=SSH", "c.SSHControllerLauncher.location = 'me@node1'"),
    ("--controller=ssh", "c.SSHLauncher.hostname = 'node1'\nc.SSHControllerLauncher.user = 'me'"),
  ])
  func controllerOnAHost(_ argument: String, _ configuration: String) throws {
    let cluster = try controller(argument, configuration: configuration)
    #expect(cluster.controllerLauncher == .ssh(SSHLauncher(hosts: [SSHHost("me@node1")])))
  }

  @Test func errorsSayWhatToDo() throws {
    #expect(try message("--engines=winhpc").contains("no launcher 'winhpc', launchers are local, ssh, mpi, slurm"))
    #expect(try message("--engines=ssh").contains("name them: --engines=ssh:node1:2,node2:4"))
    #expect(try message("--engines=ssh:a:b").contains("a number of engines from 1"))
    #expect(try message("--engines=ssh:a,,b").contains("'' is not a host's name"))
    #expect(try message("--engines=ssh:-oProxyCommand=x").contains("is not a host's name"))
    #expect(try message("--engines=mpi:0").contains("a number of engines from 1"))
    #expect(try message("--engines=slurm").contains("how many?"))
    #expect(try message("--controller=docker").contains("Docker/compose.yaml"))
    #expect(try message("--controller=ssh:a:2").contains("on which host?"))
    #expect(try message("--controller=winhpc").contains("--controller: there is no launcher 'winhpc'"))
    let override = "c.SSHEngineSetLauncher.engines = {'a': {'n': 1, 'engine_cmd': []}}"
    #expect(try message("--engines=ssh", configuration: override).contains("engines['a']: 'engine_cmd'"))
    #expect(try message("--engines=ssh", "--SSHLauncher.engines=[1]").contains("should be a dictionary"))
    let text = "c.SSHEngineSetLauncher.engines = {'a': 'b'}"
    #expect(try message("--engines=ssh", configuration: text).contains("engines['a'] should be a number"))
  }
}
