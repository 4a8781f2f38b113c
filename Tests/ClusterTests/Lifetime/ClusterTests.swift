import Foundation
import Logging
import MartletWire
import Testing

@testable import MartletCluster

/// Runs clusters of shell scripts: the controller writes connection files, and the engines sleep.
@Suite(.timeLimit(.minutes(1))) struct ClusterTests {
  private let folder: TemporaryFolder
  private let configuration: ClusterConfiguration

  init() throws {
    folder = try TemporaryFolder()
    let script = try folder.write(
      """
      role=$1; shift
      for option; do case $option in --profile-dir=*) profile=${option#*=};; --cluster-id=*) id=${option#*=};; esac; done
      if [ $role = controller ]; then
        for kind in client engine; do
          echo '{"interface": "tcp://127.0.0.1", "hb_ping": 1, "registration": 2}' > new
          mv new $profile/security/ipcontroller-$id-$kind.json
        done
      fi
      echo "$role $@"
      exec sleep 1000
      """, to: "script.sh")
    let program = ProgramCommand(executable: "/bin/sh", arguments: ["-c", "cd \(folder.path); . \(script)", "sh"])
    var configuration = ClusterConfiguration(
      profile: ProfileDirectory(name: "p", ipythonDirectory: folder.path), clusterID: "c")
    configuration.controllerProgram = program
    configuration.engineProgram = program
    configuration.engines = [.local(2)]
    configuration.startTimeout = .seconds(20)
    self.configuration = configuration
  }

  private var files: [String] {
    let all = FileManager.default.enumerator(atPath: configuration.profile.path)?.compactMap { $0 as? String } ?? []
    return all.filter { $0.hasSuffix(".json") }.sorted()
  }

  private func cluster(_ configuration: ClusterConfiguration? = nil) -> Cluster {
    Cluster(configuration ?? self.configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test func leavesNothingBehind() async throws {
    let cluster = cluster()
    try await cluster.start()
    #expect(await cluster.state == .running)
    let record = await cluster.record
    #expect(record.engineCount == 2 && record.supervisor.isReachable)
    #expect(try ClusterRecord.read(record.files) == record)
    #expect(try ClusterCatalog.running("c", in: configuration.profile).record == record)
    #expect(LockFile.state(of: record.files.lock) == .held)
    let sockets = try #require(record.socketDirectory)
    #expect(FileManager.default.fileExists(atPath: sockets))
    #expect(files.count == 4)

    await cluster.stop()
    #expect(await cluster.state == .stopped)
    #expect(!FileManager.default.fileExists(atPath: sockets))
    #expect(files == [])
    #expect(LockFile.state(of: record.files.lock) == .missing)
    let pids = [record.controllerProcess?.pid ?? 0] + record.engineSets.values.flatMap { $0.values.map(\.pid) }
    #expect(pids.count == 3 && pids.allSatisfy { !ProcessTable.isAlive($0) })
  }

  @Test func addsEngines() async throws {
    let cluster = cluster()
    await #expect(throws: ClusterError.self) { try await cluster.addEngines(1) }
    try await cluster.start()
    let set = try await cluster.addEngines(1)
    #expect(await cluster.record.engineSets[set]?.count == 1)
    #expect(await cluster.engineProcessCount == 3)
    await cluster.stop()
    await #expect(throws: ClusterError.self) { try await cluster.start() }
  }

  @Test func forgetsWhatHasEnded() async throws {
    var configuration = configuration
    configuration.engineProgram = ProgramCommand(executable: "/bin/true")
    configuration.engines = []
    let cluster = cluster(configuration)
    try await cluster.start()
    for _ in 0..<20 { try await cluster.addEngines(2) }
    await cluster.wait { $0.record.engineSets.isEmpty }
    #expect(await cluster.engineProcessCount == 0)
    #expect(await cluster.observerCount == 0)
    let files = await cluster.record.files
    #expect(try ClusterRecord.read(files)?.engineSets == [:])
    await cluster.stop()
  }

  @Test func enginesThatCanNotAllBeStartedLeaveNone() async throws {
    let cluster = cluster()
    try await cluster.start()
    let log = configuration.profile.log
    try FileManager.default.removeItem(atPath: log)
    await #expect(throws: OptionError.self) { try await cluster.addEngines(2) }
    #expect(await cluster.record.engineSets.count == 1)
    await cluster.stop()
  }

  @Test(arguments: ["", "{", "[]", #"{"martlet": {"format": 1, "pid": "x"}}"#, "directory"])
  func startsOverADamagedRecord(damage: String) async throws {
    try configuration.profile.create()
    let files = ClusterFiles(clusterID: "c", profile: configuration.profile)
    for path in [files.record, files.python, files.clientConnection.path] {
      if damage == "directory" {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      } else {
        try Data(damage.utf8).write(to: URL(fileURLWithPath: path))
      }
    }
    let cluster = cluster()
    try await cluster.start()
    #expect(try ClusterRecord.read(files)?.engineCount == 2)
    await cluster.stop()
    #expect(self.files == [])
  }

  @Test func doesNotStartOverWhatMayRunElsewhere() async throws {
    try configuration.profile.create()
    var record = ClusterRecord(files: ClusterFiles(clusterID: "c", profile: configuration.profile))
    record.supervisor.host = HostIdentity(name: "far", machineID: "m", bootID: "b", pidNamespace: "pid:[1]")
    try record.write()
    let error = await #expect(throws: ClusterError.self) { try await cluster().start() }
    #expect(error?.description.contains("unknown: on host far") == true)
    #expect(try ClusterRecord.read(record.files) == record)
    #expect(LockFile.state(of: record.files.lock) == .missing)
  }

  @Test func ofTwoThatStartAtOnceOneRuns() async throws {
    let clusters = [cluster(), cluster(), cluster()]
    let started = await withTaskGroup { group in
      for cluster in clusters { group.addTask { (try? await cluster.start()) != nil } }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(started == 1)
    #expect(files.count == 4)
    for cluster in clusters { await cluster.stop() }
    #expect(files == [])
  }

  @Test func refusesASecondOne() async throws {
    let first = cluster()
    try await first.start()
    let second = cluster()
    await #expect(throws: ClusterError.self) { try await second.start() }
    #expect(files.count == 4)
    await first.stop()
  }

  @Test func cleansUpWhenTheControllerDoesNotStart() async throws {
    var configuration = configuration
    configuration.controllerProgram = ProgramCommand(executable: "/bin/false")
    let cluster = cluster(configuration)
    await #expect(throws: ClusterError.self) { try await cluster.start() }
    #expect(await cluster.state == .stopped)
    #expect(files == [])
  }

  /// The start timeout exceeds the test's time limit, so the error must come when the process ends.
  @Test func tellsTheControllersOwnReasonAtOnce() async throws {
    var configuration = configuration
    configuration.startTimeout = .seconds(600)
    let script = "echo 2026-01-01 [IPController] starting; echo 'martlet controller: the port is taken' >&2; exit 3"
    configuration.controllerProgram = ProgramCommand(executable: "/bin/sh", arguments: ["-c", script])
    let error = await #expect(throws: ClusterError.self) { try await self.cluster(configuration).start() }
    #expect(
      error?.description.hasPrefix("the controller ended with exit code 3: the port is taken; its log is ") == true)
  }

  @Test func cleansUpWhenEnginesDoNotStart() async throws {
    var configuration = configuration
    configuration.engineProgram = ProgramCommand(executable: "/no/such/program")
    let cluster = cluster(configuration)
    await #expect(throws: OptionError.self) { try await cluster.start() }
    #expect(files == [])
  }

  @Test func cleansUpWhenCancelled() async throws {
    var configuration = configuration
    configuration.controllerProgram = ProgramCommand(executable: "/bin/sh", arguments: ["-c", "exec sleep 1000"])
    let cluster = cluster(configuration)
    let start = Task { try await cluster.start() }
    while await cluster.hasNoController { await Task.yield() }
    start.cancel()
    await #expect(throws: CancellationError.self) { try await start.value }
    #expect(await cluster.state == .stopped)
    #expect(files == [])
  }

  /// An engine that fails is started again until it is given up; one that leaves with exit code 0 stays away.
  @Test func startsEnginesAgain() async throws {
    var configuration = configuration
    configuration.restartsEngines = true
    configuration.restartPolicy = EngineRestartPolicy(
      firstDelay: .milliseconds(1), longestDelay: .milliseconds(2), steadyTime: .seconds(60), limit: 3)
    configuration.engines = []
    let cluster = cluster(configuration)
    try await cluster.start()
    let set = try await cluster.addEngines(2)
    for _ in 0..<2 {
      let restarted = await cluster.restarts.counts.restarted
      let pid = try #require(await cluster.record.engineSets[set]?[0]?.pid)
      kill(Int32(pid), SIGKILL)
      while await cluster.restarts.counts.restarted == restarted { try await Task.sleep(for: .milliseconds(5)) }
      while await cluster.record.engineSets[set]?[0] == nil { try await Task.sleep(for: .milliseconds(5)) }
      #expect(await cluster.record.engineSets[set]?[0]?.pid != pid)
    }
    let pid = try #require(await cluster.record.engineSets[set]?[0]?.pid)
    kill(Int32(pid), SIGKILL)
    await cluster.wait { $0.engineProcessCount == 1 }
    let counts = EngineRestartCounts(restarted: 2, waiting: 0, givenUp: 1)
    #expect(await cluster.record.restarts == counts)
    let files = await cluster.record.files
    #expect(try ClusterRecord.read(files)?.restarts == counts)
    #expect(counts.summary == "Engines started again: 2; waiting for their next start: 0; given up: 1")
    await cluster.stop()
  }

  @Test(arguments: [0, 1]) func onlyUnexpectedEndsAreRepaired(exitCode: Int) async throws {
    var configuration = configuration
    configuration.restartsEngines = true
    configuration.restartPolicy = EngineRestartPolicy(
      firstDelay: .milliseconds(1), longestDelay: .milliseconds(2), steadyTime: .seconds(60), limit: 3)
    configuration.engineProgram = ProgramCommand(executable: "/bin/sh", arguments: ["-c", "exit \(exitCode)"])
    let cluster = cluster(configuration)
    try await cluster.start()
    await cluster.wait { $0.cannotServe }
    #expect(
      await cluster.restarts.counts
        == EngineRestartCounts(restarted: exitCode == 0 ? 0 : 4, waiting: 0, givenUp: exitCode == 0 ? 0 : 2))
    await cluster.stop()
  }

  @Test func aStoppedClusterStartsNoEngine() async throws {
    var configuration = configuration
    configuration.restartsEngines = true
    configuration.restartPolicy.firstDelay = .seconds(1000)
    configuration.engineProgram = ProgramCommand(executable: "/bin/false")
    let cluster = cluster(configuration)
    try await cluster.start()
    await cluster.wait { $0.restarts.counts.waiting == 2 }
    #expect(await !cluster.cannotServe)
    await cluster.stop()
    #expect(await cluster.engineProcessCount == 0)
  }

  @Test func saysHowItsEnginesEnded() async throws {
    var configuration = configuration
    configuration.engineProgram = ProgramCommand(
      executable: "/bin/sh", arguments: ["-c", "echo 'martlet engine: no luck'; exit 3"])
    let cluster = cluster(configuration)
    try await cluster.start()
    let failure = try #require(await cluster.waitForFailure())
    let text = failure.description
    #expect(text.hasPrefix("all 2 engines have ended, and none is started again"), "\(text)")
    #expect(text.components(separatedBy: "its process ").count == 3 && !text.contains("engine 0"), "\(text)")
    #expect(text.contains("ended with exit code 3: no luck"), "\(text)")
    #expect(
      text.hasSuffix(
        "their logs are in \(configuration.profile.log); is /bin/sh a program with a ClusterProgram?"), "\(text)")
    await cluster.stop()
    #expect(await cluster.waitForFailure() == nil)
  }

  @Test func enginesThatAreGoneOnPurposeAreNoFailure() async throws {
    var configuration = configuration
    configuration.engineProgram = ProgramCommand(executable: "/bin/true")
    let cluster = cluster(configuration)
    try await cluster.start()
    await cluster.wait { $0.cannotServe }
    #expect(await !cluster.hasLostEngines)
    let added = try await cluster.addEngines(1)
    await cluster.wait { $0.record.engineSets[added] == nil }
    #expect(await !cluster.hasLostEngines)
    await cluster.stop()
  }

  @Test func aControllerThatEndsIsAFailure() async throws {
    let cluster = cluster()
    try await cluster.start()
    kill(Int32(try #require(await cluster.record.controllerProcess?.pid)), SIGKILL)
    #expect(await cluster.waitForFailure()?.description.hasPrefix("the controller ended") == true)
    await cluster.stop()
  }

  /// A controller that was killed is started again, with the option that makes it reuse its addresses and engines. One
  /// that ends on purpose is not.
  @Test func startsTheControllerAgain() async throws {
    var configuration = configuration
    configuration.restartsController = true
    configuration.engines = []
    let cluster = cluster(configuration)
    try await cluster.start()
    let first = try #require(await cluster.record.controllerProcess)
    #expect(!(try String(contentsOfFile: first.log, encoding: .utf8)).contains("--restore"))
    kill(Int32(first.pid), SIGKILL)
    while await cluster.record.controllerProcess?.pid ?? first.pid == first.pid {
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(await !cluster.hasNoController)
    #expect(await cluster.state == .running)
    let second = try #require(await cluster.record.controllerProcess)
    while try !String(contentsOfFile: second.log, encoding: .utf8).contains("--restore") {
      try await Task.sleep(for: .milliseconds(5))
    }
    await cluster.stop()
    #expect(files == [])
    #expect(!ProcessTable.isAlive(second.pid))
  }

  @Test func aControllerThatKeepsEndingIsGivenUp() async throws {
    var configuration = configuration
    configuration.restartsController = true
    configuration.engines = []
    let cluster = cluster(configuration)
    try await cluster.start()
    await cluster.setControllerPolicy(
      EngineRestartPolicy(firstDelay: .milliseconds(1), longestDelay: .milliseconds(2), limit: 3))
    let killer = Task {
      while await !cluster.hasNoController {
        if let pid = await cluster.record.controllerProcess?.pid { kill(Int32(pid), SIGKILL) }
        try await Task.sleep(for: .milliseconds(5))
      }
    }
    let failure = await cluster.waitForFailure()
    #expect(failure?.description.hasPrefix("the controller ended with SIGKILL (signal 9); its log is ") == true)
    #expect(await cluster.controllerRestarts.counts == EngineRestartCounts(restarted: 2, waiting: 0, givenUp: 1))
    try await killer.value
    await cluster.stop()
  }

  @Test func aStoppedClusterStartsNoController() async throws {
    var configuration = configuration
    configuration.restartsController = true
    let cluster = cluster(configuration)
    try await cluster.start()
    await cluster.setControllerPolicy(EngineRestartPolicy(firstDelay: .seconds(1000), limit: 3))
    kill(Int32(try #require(await cluster.record.controllerProcess?.pid)), SIGKILL)
    while await cluster.controller != nil { try await Task.sleep(for: .milliseconds(5)) }
    #expect(await !cluster.hasNoController)
    await cluster.stop()
    #expect(await cluster.hasNoController)
    #expect(files == [])
  }

  /// Engines read the connection file, and their process's name from the environment.
  @Test func enginesGetNoKeyInTheirEnvironment() async throws {
    setenv("IPP_CONNECTION_INFO", "of another cluster", 1)
    defer { unsetenv("IPP_CONNECTION_INFO") }
    let cluster = cluster()
    try await cluster.start()
    let record = await cluster.record
    for (number, engine) in try #require(record.engineSets.values.first) {
      let uuid = try #require(await cluster.places.first { $0.key.number == number }?.value.uuids.first)
      // Before it executes its program, a process has its parent's environment, or none for a moment.
      var environment: [Substring] = []
      while !environment.contains("MARTLET_ENGINE_UUID=\(uuid)") {
        try await Task.sleep(for: .milliseconds(5))
        environment = try #require(ProcessTable.environment(of: engine.pid))
      }
      #expect(!environment.contains { $0.hasPrefix("IPP_CONNECTION_INFO") })
    }
    await cluster.stop()
  }

  @Test func noticesTheControllersEnd() async throws {
    let cluster = cluster()
    try await cluster.start()
    let pid = try #require(await cluster.record.controllerProcess?.pid)
    kill(Int32(pid), SIGKILL)
    await cluster.waitUntilEnded()
    #expect(await cluster.record.controller == nil)
    await cluster.stop()
  }
}

extension Cluster {
  fileprivate func setControllerPolicy(_ policy: EngineRestartPolicy) {
    var restarts = EngineRestarts<ControllerKey>(policy: policy)
    restarts.started(ControllerKey(), at: .now)
    controllerRestarts = restarts
  }
}
