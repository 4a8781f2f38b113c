import Logging
import MartletWire
import Synchronization
import Testing

@testable import MartletClient

/// What calls end with when there is no engine to run them.
@Suite(.timeLimit(.minutes(1))) struct ClientFailingTests {
  private func failure(of result: AsyncResult<Int>) async -> ClientError? {
    do {
      _ = try await result.value
      return nil
    } catch {
      return error as? ClientError
    }
  }

  /// Whoever started the engines has seen them end.
  @Test func unfinishedAndNewCallsFailWithTheReason() async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      let view = client.loadBalanced()
      let results = [try view.apply(name: "f", as: Int.self), try view.apply(name: "f", as: Int.self)]
      client.fail(with: ClientError(.noEngines, "all engines have ended"))
      for result in results {
        let error = await failure(of: result)
        #expect(error?.code == .noEngines && error?.message == "all engines have ended")
      }
      let late = await failure(of: try view.apply(name: "f", as: Int.self))
      #expect(late?.code == .noEngines && late?.message == "all engines have ended")
      #expect(client.isClosed)
      // The first reason counts.
      await client.close()
      #expect(await failure(of: try view.apply(name: "f", as: Int.self))?.code == .noEngines)
    }
  }

  @Test func anEnginesLossSaysHowItsProcessEnded() async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      let result = try client[0].apply(name: "f", as: Int.self)
      try await cluster.lose(0, reason: "it was killed by SIGKILL")
      let error = await #expect(throws: EngineError.self) { try await result.value }
      #expect(error?.description == "engine 0 died while running task \(error?.msgID ?? ""): it was killed by SIGKILL")
    }
  }

  @Test(arguments: [0, 1]) func theLogSaysWhatTasksWaitFor(engines: Int) async throws {
    let recorder = NoticeRecorder()
    var configuration = ClientConfiguration()
    configuration.logger = Logger(label: "test") { _ in recorder }
    try await FakeCluster.withClient(engines: engines, configuration: configuration) { client, cluster in
      await cluster.hold()
      _ = try client.loadBalanced().apply(name: "f", as: Int.self)
      _ = try client.loadBalanced().map(name: "f", [1, 2], as: Int.self)
      let notices = recorder.notices.filter { $0.hasPrefix("no engine is registered: tasks wait for one") }
      #expect(notices.count == (engines == 0 ? 2 : 0))
    }
  }

  @Test func theLogSaysWhatTheProgramsOwnEnginesDoNotOffer() async throws {
    let recorder = NoticeRecorder()
    var configuration = ClientConfiguration()
    configuration.logger = Logger(label: "test") { _ in recorder }
    configuration.ownEngines = [["gpu": 1], ["memory": 8]]
    try await FakeCluster.withClient(configuration: configuration) { client, cluster in
      await cluster.hold()
      for requires: Resources in [["gpu": 1], ["memory": 8], [:], ["gpu": 2, "tpu": 1], ["gpu": 2, "tpu": 1]] {
        var view = client.loadBalanced()
        view.requires = requires
        _ = try view.apply(name: "f", as: Int.self)
      }
      var view = client.loadBalanced()
      view.requires = ["gpu": 1, "memory": 8]
      view.failsWithoutResources = true
      _ = try view.apply(name: "f", as: Int.self)
      #expect(
        recorder.notices == [
          "tasks wait: they require gpu 2, tpu 1, which no engine of this program offers "
            + "(--resource gpu=2 --resource tpu=1 has each of them offer that)"
        ])
    }
  }
}

/// Remembers the messages of a log at `notice` and above.
private struct NoticeRecorder: LogHandler {
  private final class Storage: Sendable {
    let messages = Mutex<[String]>([])
  }

  private let storage = Storage()
  var logLevel = Logger.Level.notice
  var metadata = Logger.Metadata()

  var notices: [String] { storage.messages.withLock { $0 } }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { storage.messages.withLock { $0.append("\(event.message)") } }
}
