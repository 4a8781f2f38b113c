import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletClient

private let echoFunction = RemoteFunction("echo") { (value: Int) in value }

/// A client's ways to wait, each for something that never comes while the cluster holds its answers.
private let waysToWait: [@Sendable (Client) async throws -> Void] = [
  { _ = try await $0[0].apply(echoFunction, 1).value },
  { _ = try await $0[...].apply(echoFunction, 1).value(timeout: .seconds(50)) },
  { _ = try await $0.loadBalanced().map(echoFunction, 0..<50, window: 3).value },
  { for try await _ in try $0.loadBalanced().map(echoFunction, 0..<5, window: 2) {} },
  { for try await _ in try $0.loadBalanced().map(echoFunction, 0..<5).asCompleted {} },
  { _ = try await $0.broadcast().apply(echoFunction, 1).value },
  { try await $0[0].push(["x": 1]).value },
  { _ = try await $0[0].pull("x", as: Int.self).value },
  { _ = try await $0[...].gather("x", of: Int.self).outcomes.map { try $0.get() } },
  { _ = try await $0[0].execute("x = 1") },
  { _ = try await $0.hubHistory() },
  { try await $0.waitForEngines(9) },
  { _ = try await $0.getResult(["x"], as: Int.self).value },
]

/// Nobody waits forever: what a client does when its controller is gone, and when it is back.
@Suite(.timeLimit(.minutes(1))) struct ControllerLossTests {
  private func configuration(limit: Duration?, period: Duration = .seconds(3)) -> ClientConfiguration {
    var configuration = ClientConfiguration()
    configuration.reconnectTimeout = limit
    configuration.watchPeriod = period
    return configuration
  }

  /// The code of the error that a call ends with.
  private func code(_ call: @Sendable () async throws -> Void) async -> ClientError.Code? {
    do {
      try await call()
      return nil
    } catch {
      return (error as? ClientError)?.code
    }
  }

  @Test(arguments: waysToWait.indices)
  func everyWaitEndsWhenTheControllerIsGone(_ index: Int) async throws {
    try await FakeCluster.withClient(configuration: configuration(limit: .milliseconds(300))) { client, cluster in
      await cluster.hold()
      await cluster.ignoreQueries()
      let waiting = Task { await code { try await waysToWait[index](client) } }
      try await wait("a request") {
        let count = await cluster.received.count + (await cluster.queryCount)
        return count > 1
      }
      await cluster.goDown()
      // A call with several tasks fails with all their errors.
      let ended = await waiting.value
      #expect(ended == .controllerLost || ended == nil)
      #expect(client.connection.outbox.isRefusing)
      // Further calls don't wait at all.
      #expect(await self.code { _ = try await client[0].apply(echoFunction, 1).value } == .controllerLost)
      #expect(await self.code { _ = try await client.hubHistory() } == .controllerLost)
    }
  }

  @Test func aSilentControllerIsNoticedAndMayReturn() async throws {
    let configuration = configuration(limit: .milliseconds(200), period: .milliseconds(50))
    try await FakeCluster.withClient(configuration: configuration) { client, cluster in
      await cluster.hold()
      await cluster.ignoreQueries()
      let error = await #expect(throws: ClientError.self) { try await client[0].apply(echoFunction, 1).value }
      #expect(error?.code == .controllerLost)
      #expect(error?.message.contains("no answer for 0.2 seconds") == true)
      await cluster.answerQueries()
      // The client connects anew and is answered.
      try await wait("the controller's return") { !client.connection.outbox.isRefusing }
      #expect(client.ids == [0, 1])
    }
  }

  @Test func aControllerThatAnswersIsNotLostHoweverLongATaskTakes() async throws {
    let configuration = configuration(limit: .milliseconds(200), period: .milliseconds(20))
    try await FakeCluster.withClient(configuration: configuration) { client, cluster in
      await cluster.hold()
      let result = try client[0].apply(echoFunction, 1)
      let before = await cluster.queryCount
      try await wait("many signs of life") { await cluster.queryCount > before + 20 }
      #expect(!result.isDone)
      await cluster.answer(0, with: 5)
      #expect(try await result.value == 5)
    }
  }

  @Test func theResultsOfRequestsAreFetchedAfterACut() async throws {
    try await FakeCluster.withClient(configuration: configuration(limit: .seconds(30))) { client, cluster in
      await cluster.hold()
      let finished = try client[0].apply(echoFunction, 1)
      let running = try client.loadBalanced().apply(echoFunction, 2)
      let unknown = try client[1].apply(echoFunction, 3)
      try await wait("the requests") { await cluster.received.count == 3 }
      await cluster.goDown()
      try await wait("the break") { await client.connection.watch?.state.phase != .present }
      try await cluster.comeBack(
        as: "first", statuses: [finished.msgIDs[0]: 11, running.msgIDs[0]: "pending"])
      #expect(try await finished.value == 11)
      let error = await #expect(throws: ClientError.self) { try await unknown.value }
      #expect(error?.code == .controllerLost)
      #expect(error?.message.contains("broke") == true)
      #expect(!running.isDone)
      running.cancel()
    }
  }

  /// The hub knows no broadcasts, and it may have forgotten a result that is on its way.
  @Test(arguments: [ConnectionInfo.Channel.registration, .mux, .task, .broadcast, .iopub])
  func onlyRequestsOverTheConnectionThatBrokeAreLost(_ cut: ConnectionInfo.Channel) async throws {
    try await FakeCluster.withClient(configuration: configuration(limit: .seconds(30))) { client, cluster in
      await cluster.hold()
      let calls: [(channel: ConnectionInfo.Channel, call: Task<[Int], any Error>)] = [
        (.mux, Task { [try await client[0].apply(echoFunction, 5).value] }),
        (.task, Task { [try await client.loadBalanced().apply(echoFunction, 5).value] }),
        (.broadcast, Task { try await client.broadcast(.ids([0])).apply(echoFunction, 5).value }),
      ]
      try await wait("the requests") { await cluster.received.count == 3 }
      try await cluster.cut(cut)
      try await wait("the break") { await client.connection.breaks == 1 }
      try await wait("the return") { await client.connection.watch?.state.phase == .present }
      for (channel, call) in calls where channel == cut {
        #expect(await code { _ = try await call.value } == .controllerLost)
      }
      let received = await cluster.received
      for (channel, call) in calls where channel != cut {
        await cluster.answer(try #require(received.firstIndex { $0.channel == channel }), with: 5)
        #expect(try await call.value == [5])
      }
    }
  }

  @Test func requestsThatARestartedControllerDoesNotKnowFailAndNewOnesWork() async throws {
    try await FakeCluster.withClient(configuration: configuration(limit: .seconds(30))) { client, cluster in
      await cluster.hold()
      let lost = try client[...].apply(echoFunction, 1)
      let query = Task { await code { _ = try await client.queueStatus() } }
      try await wait("the requests") { await cluster.received.count == 2 }
      await cluster.goDown()
      try await wait("the break") { await client.connection.watch?.state.phase != .present }
      await cluster.gainSilently(2)
      try await cluster.comeBack(as: "second")
      for outcome in try await lost.outcomes {
        let error = #expect(throws: ClientError.self) { try outcome.get() }
        #expect(error?.code == .controllerLost)
        #expect(error?.message.contains("was restarted") == true)
      }
      _ = await query.value
      #expect(client.ids == [0, 1, 2])
      let next = try client[2].apply(echoFunction, 9)
      try await wait("the request") { await cluster.received.count == 3 }
      await cluster.answer(2, with: 9)
      #expect(try await next.value == 9)
    }
  }

  @Test func aNewClusterUnderTheSameConnectionFileIsFound() async throws {
    let (old, new) = (try FakeCluster(), try FakeCluster(engines: 3, key: "another"))
    try await old.start()
    try await new.start()
    let file = ConnectionFile(path: "/tmp/mf-\(UUID().uuidString.prefix(8)).json")
    defer { try? FileManager.default.removeItem(atPath: file.path) }
    try file.write(old.info)
    let client = try await Client.connect(
      connectionFile: file.path, configuration: configuration(limit: .seconds(50)))
    await old.hold()
    let lost = try client[0].apply(echoFunction, 1)
    try await wait("the request") { await old.received.count == 1 }
    // A controller that is there is not left for another one.
    try file.write(new.info)
    #expect(try await client.queueStatusIsRefused())
    await old.goDown()
    let error = await #expect(throws: ClientError.self) { try await lost.value }
    #expect(error?.code == .controllerLost)
    #expect(error?.message.contains("another cluster") == true)
    try await wait("the new cluster") { client.ids == [0, 1, 2] }
    #expect(client.connectionInfo == new.info)
    #expect(try await client[2].apply(echoFunction, 7).value == 7)
    await client.close()
    await old.stop()
    await new.stop()
  }

  @Test func anEngineThatRegistersAgainCanBeCalled() async throws {
    try await FakeCluster.withClient { client, cluster in
      _ = try await client[1].apply(echoFunction, 1).value
      try await wait("its departure") {
        try await cluster.lose(1)
        return client.ids == [0]
      }
      try await wait("its return") {
        try await cluster.gain(1)
        return client.ids == [0, 1]
      }
      #expect(try await client[1].apply(echoFunction, 2).value == 2)
    }
  }

  @Test func enginesThatComeWhileNobodyListensAreKnown() async throws {
    try await FakeCluster.withClient(configuration: configuration(limit: .seconds(30))) { client, cluster in
      await cluster.close(.notification)
      try await wait("the hub's answer") {
        let watch = await client.connection.watch?.state
        return watch?.breaks == 1 && watch?.phase == .present
      }
      await cluster.gainSilently(5)
      try await cluster.open(.notification)
      try await wait("the engine") { client.ids.contains(5) }
    }
  }

  @Test func outputThatMayBeLostIsNotWaitedFor() async throws {
    try await FakeCluster.withClient(configuration: configuration(limit: .seconds(30))) { client, cluster in
      // The reply has come, and the engine's idle status never does.
      let result = try client[0].apply(echoFunction, 1)
      #expect(try await result.value == 1)
      let waiting = Task { try await result.waitForOutput(timeout: .seconds(50)) }
      await cluster.goDown()
      try await cluster.comeBack(as: "first")
      #expect(try await waiting.value)
    }
  }
}

extension Client {
  /// Whether the hub refuses a question of which the fake cluster knows nothing, which shows that it is there.
  fileprivate func queueStatusIsRefused() async throws -> Bool {
    do {
      _ = try await queueStatus()
      return false
    } catch let error as ClientError {
      return error.code == .hubError
    }
  }
}
