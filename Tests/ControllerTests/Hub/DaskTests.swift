import MartletWire
import Testing

@testable import MartletController

@Suite struct DaskTests {
  private let address = DaskAddress(address: "tcp://127.0.0.1:8786", ip: "127.0.0.1", port: 8786)
  private let answer: JSONValue = [
    "status": "ok", "ip": "127.0.0.1", "address": "tcp://127.0.0.1:8786", "port": 8786,
  ]

  /// The types of the replies and the names of the errors in them.
  private func replies(_ actions: [HubAction]) -> [String] {
    actions.compactMap { action in
      guard case .reply(_, let type, _, let content, _) = action else { return nil }
      return "\(type) \(content["ename"]?.stringValue ?? content["status"]?.stringValue ?? "")"
    }
  }

  @Test func startsOnceForAllWhoAsk() throws {
    var hub = try HubFixture()
    let first = try hub.ask("become_dask_request", ["scheduler_args": ["port": 0]])
    #expect(first.reply == nil && first.rest.map(\.kind) == [#"start dask 1 {"port":0}"#])
    #expect(try hub.ask("become_dask_request").rest.isEmpty)
    hub.state.daskChanged(1, .started(address))
    let actions = hub.drain()
    #expect(replies(actions) == ["become_dask_reply ok", "become_dask_reply ok"])
    let later = try hub.ask("become_dask_request")
    #expect(later.reply?.content == answer && later.rest.isEmpty)
  }

  @Test func stopsAndStartsAgain() throws {
    var hub = try HubFixture()
    _ = try hub.ask("become_dask_request")
    hub.state.daskChanged(1, .started(address))
    _ = hub.drain()
    let stopped = try hub.ask("stop_distributed_request")
    #expect(stopped.reply?.type == "stop_distributed_reply" && stopped.reply?["status"] == "ok")
    #expect(stopped.rest.map(\.kind) == ["stop dask"])
    #expect(try hub.ask("become_dask_request").rest.map(\.kind) == ["start dask 2 {}"])
    // The end of the first scheduler isn't news of the second.
    hub.state.daskChanged(1, .ended(status: "exit 0"))
    #expect(hub.drain().map(\.kind) == ["log"])
    hub.state.daskChanged(2, .started(address))
    #expect(replies(hub.drain()) == ["become_dask_reply ok"])
  }

  @Test func stoppingWithoutASchedulerDoesNothing() throws {
    var hub = try HubFixture()
    let stopped = try hub.ask("stop_distributed_request")
    #expect(stopped.reply?["status"] == "ok" && stopped.rest.isEmpty)
  }

  @Test func stoppingDuringTheStartFailsThoseWhoWait() throws {
    var hub = try HubFixture()
    _ = try hub.ask("become_dask_request")
    hub.state.request(try hub.message("stop_distributed_request", "{}"), at: hub.now)
    let actions = hub.drain()
    #expect(replies(actions) == ["become_dask_reply RuntimeError", "stop_distributed_reply ok"])
    #expect(actions.map(\.kind).contains("stop dask"))
    hub.state.daskChanged(1, .started(address))
    #expect(replies(hub.drain()) == [])
    #expect(try hub.ask("become_dask_request").rest.map(\.kind) == ["start dask 2 {}"])
  }

  @Test(arguments: [
    DaskEvent.failed(HubError(ename: "ImportError", evalue: "no distributed")), .ended(status: "exit 1"),
  ])
  func failuresAreAnsweredAndForgotten(event: DaskEvent) throws {
    var hub = try HubFixture()
    _ = try hub.ask("become_dask_request")
    hub.state.daskChanged(1, event)
    let actions = hub.drain()
    #expect(replies(actions).count == 1 && replies(actions)[0].hasSuffix("Error"))
    #expect(try hub.ask("become_dask_request").rest.map(\.kind) == ["start dask 2 {}"])
  }

  @Test func aSchedulerThatEndsIsStartedAnew() throws {
    var hub = try HubFixture()
    _ = try hub.ask("become_dask_request")
    hub.state.daskChanged(1, .started(address))
    hub.state.daskChanged(1, .ended(status: "signal 9"))
    _ = hub.drain()
    #expect(try hub.ask("become_dask_request").rest.map(\.kind) == ["start dask 2 {}"])
  }

  @Test func refusesWhatItCanNotUse() throws {
    var hub = try HubFixture()
    let reply = try hub.ask("become_dask_request", ["scheduler_args": [1]]).reply
    #expect(reply?.type == "become_dask_reply" && reply?.ename == "ValueError")
    #expect(try hub.ask("become_dask_request", ["scheduler_args": nil]).rest.map(\.kind) == ["start dask 1 {}"])
    for _ in 1..<DaskState.waitingLimit { _ = try hub.ask("become_dask_request") }
    #expect(try hub.ask("become_dask_request").reply?.ename == "RuntimeError")
    hub.state.configuration.allowsDask = false
    #expect(try hub.ask("become_dask_request").reply?.ename == "PermissionError")
  }
}
