import Foundation
import MartletEngine
import MartletWire
import Testing

@testable import MartletCluster

@Suite struct EngineOptionsTests {
  /// Keeps the start-up files of whoever runs the tests out of them.
  private let noProfile = ["--ipython-dir=/no/such/folder"]
  private let info = #"{"interface": "tcp://127.0.0.1", "key": "", "location": "a", "hb_ping": 1, "registration": 2}"#

  @Test func readsLimits() throws {
    let (options, warnings) = try EngineOptions.read(
      ["--max-tasks=5", "--idle-time=1.5", "--time-limit=3600", "--max-memory=8GB"] + noProfile, environment: [:])
    #expect(warnings == [])
    #expect(options.limits.requests == 5)
    #expect(options.limits.idleTime == .seconds(1.5))
    #expect(options.limits.lifetime == .seconds(3600))
    #expect(options.limits.memory == 8_000_000_000)
    #expect(try EngineOptions.read(["--max-tasks=0"] + noProfile, environment: [:]).options.limits == EngineLimits())
  }

  @Test(arguments: ["--max-tasks=-1", "--idle-time=soon", "--time-limit=-2", "--max-memory=8 lots"])
  func refusesOtherLimits(argument: String) {
    #expect(throws: OptionError.self) { try EngineOptions.read([argument] + noProfile, environment: [:]) }
  }

  @Test func readsOptions() throws {
    let (options, warnings) = try EngineOptions.read(
      [
        "--file=/x/engine.json", "--timeout=2.5", "--id=3", "--location=here", "--IPEngine.max_heartbeat_misses=7",
        "--IPEngine.wait_for_url_file=1", "-c", "import numpy", "--InteractiveShell.colors=NoColor",
      ], environment: ["IPP_CURVE_SERVERKEY": "server"])
    #expect(options.connectionFile.path == "/x/engine.json")
    #expect(options.registrationTimeout == .seconds(2.5) && options.connectionFileTimeout == .seconds(1))
    #expect(options.id == 3 && options.location == "here" && options.maxHeartbeatMisses == 7)
    #expect(options.python.startup.lines == ["import numpy"] && options.curveServerKey == "server")
    #expect(options.python.shellOptions == ["colors": "NoColor"] && warnings == [])
  }

  @Test func readsOptionsAboutPython() throws {
    let (options, warnings) = try EngineOptions.read(
      [
        "--python=/opt/python", "--python-start", "eager", "--no-python", "-s", "start.py",
        "--IPEngine.interrupt_grace=2",
      ] + noProfile, environment: [:])
    #expect(warnings == [])
    #expect(
      options.python
        == PythonConfiguration(
          interpreter: "/opt/python", start: .eager, isAllowed: false, startup: PythonStartup(files: ["start.py"]),
          interruptGrace: .seconds(2)))
    #expect(try EngineOptions.read(noProfile, environment: [:]).options.python == PythonConfiguration())
    let here = FileManager.default.currentDirectoryPath
    #expect(
      try EngineOptions.read(["--python=bin/python"], environment: [:]).options.python.interpreter
        == "\(here)/bin/python")
    #expect(
      try EngineOptions.read(["--python=python3.12"], environment: [:]).options.python.interpreter == "python3.12")
  }

  @Test(arguments: [
    ["--resource", "gpu=2", "--resource=memory=8GB,share=0.5"], ["--resource=gpu=1,gpu=2,memory=8e9,share=0.5"],
    ["--IPEngine.resources={'gpu': 2, 'memory': '8GB', 'share': 0.5}"],
  ])
  func whatAnEngineOffers(_ arguments: [String]) throws {
    let (options, warnings) = try EngineOptions.read(arguments + noProfile, environment: [:])
    #expect(options.resources == ["gpu": 2, "memory": .gigabytes(8), "share": 0.5] && warnings == [])
    #expect(options.resources.engineArguments == ["--resource=gpu=2,memory=8000000000,share=0.5"])
    #expect(Resources().engineArguments == [])
  }

  @Test(arguments: ["gpu", "=1", "gpu=", "gpu=-1", "gpu=1,", "gpu=many", "{'gpu': 'x'}", "{'gpu'"])
  func refusesOtherResources(_ text: String) {
    let error = #expect(throws: OptionError.self) { try EngineOptions.read(["--resource=\(text)"], environment: [:]) }
    #expect(error?.description.contains("should be names with amounts such as gpu=2,memory=8GB") == true)
  }

  @Test func refusesAnUnknownStartOfPython() {
    let error = #expect(throws: OptionError.self) { try EngineOptions.read(["--python-start=soon"], environment: [:]) }
    #expect(error?.description == "IPEngine.python_start in the command line should be lazy or eager, not soon")
  }

  @Test func profileSaysWhatToRunFirst() throws {
    let folder = try TemporaryFolder()
    try folder.profile()
    try folder.write(
      """
      c.InteractiveShellApp.exec_lines = ['import numpy', "x = 'y'"]
      c.InteractiveShellApp.extensions = ['storemagic']
      c.IPEngine.startup_script = '/s.py'

      """, to: "profile_default/ipengine_config.py")
    for name in ["20-b.py", "10-a.ipy", "README", ".hidden.py", "c.pyc"] {
      try folder.write("", to: "profile_default/startup/\(name)")
    }
    let startup = try EngineOptions.read(["-c", "z = 1"], environment: folder.environment).options.python.startup
    #expect(startup.extensions == ["storemagic"] && startup.lines == ["import numpy", "x = 'y'", "z = 1"])
    #expect(startup.files == ["/s.py"])
    #expect(startup.profileFiles.map { ($0 as NSString).lastPathComponent } == ["10-a.ipy", "20-b.py"])
  }

  @Test func profileNamesThePython() throws {
    let folder = try TemporaryFolder()
    try folder.profile()
    try folder.write(
      """
      c.IPEngine.python = '/opt/python'
      c.IPEngine.allow_python = False
      c.InteractiveShell.colors = 'nocolor'
      c.InteractiveShell.cache_size = 10

      """, to: "profile_default/ipengine_config.py")
    let python = try EngineOptions.read([], environment: folder.environment).options.python
    #expect(python.interpreter == "/opt/python" && !python.isAllowed)
    #expect(python.shellOptions == ["colors": "nocolor", "cache_size": "10"])
    let other = try EngineOptions.read(
      ["--python=/usr/bin/python3", "--IPEngine.allow_python=True"], environment: folder.environment
    ).options.python
    #expect(other.interpreter == "/usr/bin/python3" && other.isAllowed)
  }

  /// What a cluster's configuration says about Python comes out of the engine's command line again.
  @Test(arguments: [
    PythonConfiguration(), .notAllowed,
    PythonConfiguration(
      interpreter: "/opt/my python", start: .eager,
      startup: PythonStartup(extensions: ["storemagic"], lines: ["a = 'x y'", "b = \"é\\n\""], files: ["/s.py"]),
      shellOptions: ["colors": "nocolor", "cache_size": "10"], interruptGrace: .milliseconds(1500)),
  ])
  func engineArgumentsSayTheSame(python: PythonConfiguration) throws {
    #expect(try EngineOptions.read(python.engineArguments + noProfile, environment: [:]).options.python == python)
  }

  @Test func findsTheProfilesFile() throws {
    let (options, _) = try EngineOptions.read(["--cluster-id=c", "--ipython-dir=/i", "--profile=p"], environment: [:])
    #expect(options.connectionFile.path == "/i/profile_p/security/ipcontroller-c-engine.json")
  }

  @Test func takesConnectionFromTheEnvironment() async throws {
    let (options, _) = try EngineOptions.read(
      ["--location=b", "--Session.key=k"], environment: ["IPP_CONNECTION_INFO": info])
    let connection = try await options.connection()
    #expect(connection.ports[.registration] == [2])
    #expect(connection.location == "b" && connection.key == "k")
  }

  @Test func tunnelsThroughAHost() async throws {
    let environment = ["IPP_CONNECTION_INFO": info]
    let (options, _) = try EngineOptions.read(["--ssh=me@login", "--sshkey=/k"], environment: environment)
    #expect(options.sshServer == "me@login" && options.sshKey == "/k")
    #expect(try await options.connection().ssh == "me@login")
    #expect(try await EngineOptions.read([], environment: environment).options.connection().ssh.isEmpty)
  }

  @Test func takesItsNameFromWhoStartsIt() throws {
    let environment = EngineOptions.environment(uuid: "e-1").compactMapValues(\.self)
    let (options, _) = try EngineOptions.read([], environment: environment)
    let connection = ConnectionInfo(kind: .engine, interface: "tcp://127.0.0.1")
    #expect(EngineConfiguration(options, connection: connection).uuid == "e-1")
    #expect(environment["IPP_CONNECTION_INFO"] == nil)
    for name in ["", String(repeating: "x", count: 256)] {
      #expect(throws: OptionError.self) {
        try EngineOptions.read([], environment: EngineOptions.environment(uuid: name).compactMapValues(\.self))
      }
    }
    #expect(try EngineOptions.read([], environment: [:]).options.uuid == nil)
  }

  @Test func fileOnTheCommandLineStandsAboveTheEnvironment() throws {
    let (options, _) = try EngineOptions.read(["--file=/f"], environment: ["IPP_CONNECTION_INFO": info])
    #expect(options.connectionInfo == nil)
  }

  @Test func refusesBrokenConnectionInfo() {
    #expect(throws: OptionError.self) { try EngineOptions.read([], environment: ["IPP_CONNECTION_INFO": "{"]) }
  }

  @Test func saysWhenThereIsNoFile() async throws {
    let (options, _) = try EngineOptions.read(
      ["--file=/no/such/file", "--IPEngine.wait_for_url_file=0"], environment: [:])
    await #expect(throws: ConnectionError.self) { try await options.connection() }
  }
}
