import MartletWire
import Testing

@testable import MartletCluster

@Suite struct ClusterDescriptionTests {
  private func read(_ text: String) throws -> ClusterDescription { try ClusterDescription(text, path: "c.yaml") }

  @Test func simplest() throws {
    #expect(try read("engines:\n  - count: 4").engines == [.local(4)])
  }

  @Test func groupsOfAllLaunchers() throws {
    let file = try read(
      """
      engines:
        - launcher: ssh
          hosts: {node1: 2, "me@node2:2222": 4}
          ssh_args: [-F, mine]
          program: /opt/count
          python: /opt/python
          arguments: [--log-level=10]
        - launcher: slurm
          count: 8
          queue: short
          timelimit: 30
          environment: {OMP_NUM_THREADS: "1"}
          batch_template: |
            #!/bin/sh
            srun -n {n} {program_and_args}
        - {launcher: mpi, count: 2, mpi_args: [--hostfile, hosts]}
        - {launcher: local, count: 1}
      """)
    var ssh = SSHLauncher(hosts: [SSHHost("me@node2", count: 4, port: 2222), SSHHost("node1", count: 2)])
    ssh.arguments = ["-F", "mine"]
    var first = EngineGroup(.ssh(ssh), count: 6, program: ProgramCommand(executable: "/opt/count"))
    first.arguments = ["--python=/opt/python", "--log-level=10"]
    var slurm = BatchLauncher(.slurm)
    slurm.queue = "short"
    slurm.timelimit = "30"
    slurm.template = "#!/bin/sh\nsrun -n {n} {program_and_args}\n"
    var second = EngineGroup(.batch(slurm), count: 8)
    second.environment = ["OMP_NUM_THREADS": "1"]
    var mpi = MPILauncher()
    mpi.arguments = ["--hostfile", "hosts"]
    #expect(file.engines == [first, second, EngineGroup(.mpi(mpi), count: 2), .local(1)])
    #expect(file.arguments.isEmpty && file.controller == nil)
  }

  @Test func whatAGroupOffers() throws {
    let file = try read("engines:\n  - {count: 2, resources: {gpu: 2, memory: 16GB, share: 0.5}}")
    var group = EngineGroup.local(2)
    group.resources = ["gpu": 2, "memory": .gigabytes(16), "share": 0.5]
    #expect(file.engines == [group])
    for text in ["[gpu]", "{gpu: many}", "{gpu: -1}", "2"] {
      let error = #expect(throws: OptionError.self) { try read("engines:\n  - {count: 2, resources: \(text)}") }
      #expect(error?.description.contains("should be names with amounts") == true)
    }
  }

  @Test func boundsOfAGroup() throws {
    let file = try read("engines:\n  - {launcher: slurm, min: 1, max: 200, idle: 30}\n  - {count: 3, max: 5}")
    var first = EngineGroup.slurm(1)
    first.scaling = EngineScaling(minimum: 1, maximum: 200, idleTime: .seconds(30))
    var second = EngineGroup.local(3)
    second.scaling = EngineScaling(maximum: 5)
    #expect(file.engines == [first, second])
    for text in ["min: 1", "min: 3, max: 2", "max: 0", "max: many", "min: -1, max: 2"] {
      let error = #expect(throws: OptionError.self) { try read("engines:\n  - {count: 2, \(text)}") }
      #expect(error?.description.contains("2") == true)
    }
  }

  @Test func optionsOfTheCommand() throws {
    let file = try read(
      """
      profile: mine
      ip: "*"
      restart-engines: true
      no-python: false
      controller: [--enable-curve, --hwm=0]
      """)
    #expect(file.arguments == ["--profile=mine", "--ip=*", "--restart-engines=on-failure"])
    #expect(file.controller?.arguments == ["--enable-curve", "--hwm=0"] && file.controller?.launcher == nil)
    #expect(file.engines.isEmpty)
  }

  @Test func controllerOfALauncher() throws {
    let file = try read(
      """
      controller:
        launcher: ssh
        host: me@login:2222
        ssh_args: [-F, mine]
        remote_profile_dir: /scratch/profile
        program: /opt/count
        arguments: [--hwm=0]
        environment: {A: b}
      """)
    var ssh = SSHLauncher(hosts: [SSHHost("me@login", port: 2222)])
    ssh.arguments = ["-F", "mine"]
    ssh.remoteProfile = "/scratch/profile"
    #expect(file.controller?.launcher?.launcher == .ssh(ssh))
    #expect(file.controller?.launcher?.environment == ["A": "b"])
    #expect(file.controller?.arguments == ["--hwm=0"] && file.controller?.program == "/opt/count")
    #expect(try read("controller: {arguments: [--hwm=0]}").controller?.launcher == nil)
    for (text, words) in [
      ("controller: {launcher: docker}", "line 1: --controller=docker: Docker/compose.yaml"),
      ("controller:\n  launcher: ssh", "line 1: --controller=ssh: on which host?"),
      ("controller:\n  launcher: slurm\n  host: a", "line 3: 'host' is not an option of the launcher slurm"),
      ("controller:\n  launcher: slurm\n  arguments: [--nothing]", "line 3: 'arguments' has no option '--nothing'"),
    ] {
      let error = #expect(throws: OptionError.self) { try read(text) }
      #expect(error?.description.contains(words) == true, "\(error.debugDescription)")
    }
  }

  @Test func onlyOneSaysHowTheControllerIsStarted() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("controller: {launcher: slurm, queue: short}\n", to: "c.yaml")
    let arguments = [path, "--profile-dir=\(folder.path)"]
    var configuration = ClusterConfiguration()
    try ClusterOptions.readStart(arguments, environment: [:]).options.describeController(in: &configuration)
    var slurm = BatchLauncher(.slurm)
    slurm.queue = "short"
    #expect(configuration.controllerLauncher == .batch(slurm))
    #expect(throws: OptionError.self) {
      try ClusterOptions.readStart(arguments + ["--controller=pbs"], environment: [:])
    }
  }

  @Test(arguments: [("true", true), ("on-failure", true), ("never", false), ("off", false)])
  func wordsForStartingAgain(word: String, isOn: Bool) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("restart-engines: \(word)\n", to: "c.yaml")
    let arguments = [path, "--profile-dir=\(folder.path)"]
    #expect(try ClusterOptions.readStart(arguments, environment: [:]).options.restartsEngines == isOn)
  }

  @Test func commandLineOutweighsTheFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("ip: 10.0.0.1\nlocation: here\nengines:\n  - count: 2\n", to: "c.yaml")
    let profile = "--profile-dir=\(folder.path)"
    let options = try ClusterOptions.readStart([path, profile, "--ip=10.0.0.2"], environment: [:]).options
    #expect(options.ip == "10.0.0.2" && options.location == "here")
    #expect(try options.engineGroups() == [.local(2)])
    for more in [["-n", "3"], ["--engines=mpi:2"], ["another.yaml"]] {
      #expect(throws: OptionError.self) { try ClusterOptions.readStart([path, profile] + more, environment: [:]) }
    }
    #expect(throws: OptionError.self) { try ClusterOptions.readStart(["/no/such.yaml"], environment: [:]) }
  }

  @Test(arguments: [
    ("", "c.yaml: the file is empty"),
    ("- 1", "c.yaml, line 1: a cluster file has lines 'key: value'"),
    ("ip: '*'\nengine: []", "c.yaml, line 2: 'engine' is not a key of a cluster file"),
    ("n: 4", "c.yaml, line 1: 'n' is not a key of a cluster file"),
    ("engines: 4", "c.yaml, line 1: 'engines' should be a list of groups"),
    ("engines:\n  - 4", "c.yaml, line 2: a group of engines has lines 'key: value'"),
    ("engines:\n  - count: many", "c.yaml, line 2: 'count' should be a number from 1"),
    ("engines:\n  - launcher: local", "c.yaml, line 2: the group has no 'count'"),
    ("engines:\n  - count: 2\n    launcher: winhpc", "c.yaml, line 3: launcher: there is no launcher 'winhpc'"),
    ("engines:\n  - launcher: ssh", "c.yaml, line 2: --engines=ssh: no hosts"),
    (
      "engines:\n  - launcher: ssh\n    hosts: [a]",
      "SSHEngineSetLauncher.engines in c.yaml, line 3 should be a dictionary"
    ),
    ("engines:\n  - count: 1\n    queue: short", "c.yaml, line 3: 'queue' is not an option of the launcher local"),
    ("restart-engines: sometimes", "c.yaml, line 1: 'restart-engines' should be on-failure or never"),
    ("controller: [--bogus]", "c.yaml, line 1: 'controller' has no option '--bogus'"),
    ("ip: [", "c.yaml, line 2: did not find expected node content"),
    ("ip: a\nip: b", "c.yaml, line 1: the key 'ip' is there twice"),
  ])
  func errorsNameTheLineAndTheKey(_ text: String, _ words: String) throws {
    let error = #expect(throws: OptionError.self) { try read(text) }
    #expect("\(try #require(error))".contains(words))
  }
}
