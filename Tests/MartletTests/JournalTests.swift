import Foundation
import Martlet
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A controller with a journal that is killed and started again: nothing that it has accepted is lost, and nothing runs twice.
@Suite(.serialized, .timeLimit(.minutes(4))) struct JournalTests {
  private static let work = RemoteFunction("work") { (path: String, mark: String, seconds: Double, value: Int) in value
  }
  private static let add = RemoteFunction("add") { (a: Int, b: Int) in a + b }

  /// How often each task was begun.
  private func runs(_ path: String) throws -> [String: Int] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return Dictionary(text.split(separator: "\n").map { (String($0), 1) }, uniquingKeysWith: +)
  }

  private func wait(_ condition: Comment, until holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !holds() {
      try #require(ContinuousClock.now < deadline, condition)
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  private func journalBytes(_ cluster: ProcessCluster) throws -> Int {
    let folder = "\(cluster.path)/profile"
    return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("journal-") }.reduce(0) {
      $0 + (try FileManager.default.attributesOfItem(atPath: "\(folder)/\($1)")[.size] as? Int ?? 0)
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func everyTaskRunsOnceAndIsAnsweredOnce(seed: UInt64) async throws {
    try await ProcessCluster.with(engines: 3, controllerOptions: ["--journal"]) { cluster in
      let client = try await cluster.connect(reconnectTimeout: .seconds(60))
      let engines = client.engines
      try await client[...].push(["kept": 42]).value
      let marks = "\(cluster.path)/marks"
      let count = 200
      let view = client.loadBalanced()
      let results = try (0..<count).map { try view.apply(Self.work, marks, "t\($0)", Double($0 % 7) * 0.01, $0) }
      // Each time after some more tasks have begun; the number is all that is random.
      var begun = Int(seed) * 3
      for step in 0..<5 {
        try await wait("\(begun) tasks") { try runs(marks).count >= min(begun, count) }
        cluster.killController()
        try cluster.startController()
        begun += 15 + Int((seed &* 2_654_435_761 &+ UInt64(step) &* 40_503) % 30)
      }
      for (index, result) in results.enumerated() { #expect(try await result.value(timeout: .seconds(90)) == index) }
      let begins = try runs(marks)
      #expect(begins.count == count)
      #expect(begins.values.allSatisfy { $0 == 1 }, "\(begins.filter { $0.value != 1 })")
      try await client.waitForEngines(3)
      #expect(client.engines == engines)
      #expect(try await client[...].pull("kept", as: Int.self).value == [42, 42, 42])
      #expect(try journalBytes(cluster) < 20 << 20)
      await client.close()
    }
  }

  /// The hub answers for tasks in the journal, even without a task store.
  @Test(arguments: ["--nodb", "--dictdb", "--sqlitedb"])
  func aClientThatWasRestartedFetchesItsResults(store: String) async throws {
    try await ProcessCluster.with(engines: 2, controllerOptions: ["--journal", store]) { cluster in
      let first = try await cluster.connect()
      let marks = "\(cluster.path)/marks"
      let results = try (0..<40).map { try first.loadBalanced().apply(Self.work, marks, "t\($0)", 0.02, $0) }
      let ids = results.flatMap(\.msgIDs)
      try await wait("some tasks") { try runs(marks).count >= 10 }
      cluster.killController()
      await first.close()
      try cluster.startController()
      let second = try await cluster.connect()
      #expect(try await second.getResult(ids, as: Int.self).value(timeout: .seconds(60)) == Array(0..<40))
      #expect(try runs(marks).values.allSatisfy { $0 == 1 })
      // Again, when no task is under way.
      cluster.killController()
      try cluster.startController()
      let third = try await cluster.connect()
      #expect(try await third.getResult(ids, as: Int.self).value(timeout: .seconds(60)) == Array(0..<40))
      for client in [second, third] { await client.close() }
    }
  }

  /// What an engine had begun is lost with it, what waited is not.
  @Test func anEngineThatDiesWhileTheControllerIsAway() async throws {
    try await ProcessCluster.with(
      engines: 1, controllerOptions: ["--journal", "--HeartMonitor.max_heartmonitor_misses=4"]
    ) { cluster in
      let client = try await cluster.connect(reconnectTimeout: .seconds(60))
      let marks = "\(cluster.path)/marks"
      let running = try client.loadBalanced().apply(Self.work, marks, "running", 1000, 1)
      try await wait("the task") { try runs(marks)["running"] == 1 }
      let queued = try client.loadBalanced().apply(Self.work, marks, "queued", 0, 2)
      // The journal has it when the hub knows it and has answered.
      try await wait("the queue") {
        try await client.queueStatus().unassigned + (client.queueStatus().engines[0]?.tasks ?? 0) == 2
      }
      cluster.killController()
      cluster.killEngines()
      try cluster.startController()
      try cluster.startEngine()
      #expect(try await queued.value(timeout: .seconds(60)) == 2)
      let error = await #expect(throws: EngineError.self) { try await running.value(timeout: .seconds(60)) }
      #expect(error?.description.contains("Engine 0 died while running task") == true)
      #expect(try runs(marks) == ["running": 1, "queued": 1])
      await client.close()
    }
  }

  /// Tasks that were sent while there was no controller, and tasks that it had not accepted, arrive later.
  @Test func tasksThatWereNotAcceptedAreSentAgain() async throws {
    try await ProcessCluster.with(engines: 1, controllerOptions: ["--journal"]) { cluster in
      let client = try await cluster.connect(reconnectTimeout: .seconds(60))
      let marks = "\(cluster.path)/marks"
      // The controller receives them, but never comes to read them.
      cluster.signalController(SIGSTOP)
      let lost = try (0..<20).map { try client.loadBalanced().apply(Self.work, marks, "t\($0)", 0, $0) }
      try await Task.sleep(for: .milliseconds(300))
      cluster.killController()
      try cluster.startController()
      for (index, result) in lost.enumerated() { #expect(try await result.value(timeout: .seconds(60)) == index) }
      #expect(try runs(marks).values.allSatisfy { $0 == 1 })
      await client.close()
    }
  }

  /// Without unfinished tasks nothing is left; with some the next controller goes on, under the same key.
  @Test func aControllerThatEndsInOrder() async throws {
    try await ProcessCluster.with(engines: 1, controllerOptions: ["--journal"]) { cluster in
      let client = try await cluster.connect(reconnectTimeout: .seconds(60))
      #expect(try await client.loadBalanced().apply(Self.add, 1, 2).value == 3)
      cluster.endController()
      #expect(try journalBytes(cluster) == 0)
      try cluster.startController()
      let marks = "\(cluster.path)/marks"
      let result = try client.loadBalanced().apply(Self.work, marks, "t", 1, 7)
      try await wait("the task") { try runs(marks)["t"] == 1 }
      cluster.endController()
      #expect(try journalBytes(cluster) > 0)
      try cluster.startController()
      #expect(try await result.value(timeout: .seconds(60)) == 7)
      #expect(try runs(marks) == ["t": 1])
      await client.close()
    }
  }
}
