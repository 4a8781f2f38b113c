import MartletWire
import Testing

@testable import MartletController

/// What keys that are admitted by name allow at the hub.
@Suite struct KeyRoleTests {
  private let engineRequests = ["registration_request", "unregistration_request"]
  private let clientRequests = [
    "connection_request", "queue_request", "load_request", "result_request", "history_request", "db_request",
    "purge_request", "resubmit_request", "shutdown_request", "become_dask_request", "stop_distributed_request",
    "nonsense",
  ]

  private func hasNoEffect(_ actions: [HubAction]) -> Bool {
    actions.allSatisfy { if case .log = $0 { true } else { false } }
  }

  @Test func engineKeysRegister() throws {
    for type in clientRequests {
      var hub = try HubFixture()
      let (reply, rest) = try hub.ask(type, of: .engine)
      #expect(reply?.ename == "PermissionError" && hasNoEffect(rest))
    }
    for type in engineRequests {
      var hub = try HubFixture()
      #expect(try hub.ask(type, ["uuid": "e0"], of: .engine).reply?.ename != "PermissionError")
    }
  }

  @Test func clientKeysAsk() throws {
    for type in engineRequests {
      var hub = try HubFixture()
      try hub.register("e0")
      let (reply, rest) = try hub.ask(type, ["uuid": "e0", "id": 0], of: .client)
      #expect(reply?.ename == "PermissionError" && hasNoEffect(rest))
    }
    var hub = try HubFixture()
    for type in ["connection_request", "queue_request"] {
      #expect(try hub.ask(type, of: .client).reply?["status"] == "ok")
    }
  }
}
