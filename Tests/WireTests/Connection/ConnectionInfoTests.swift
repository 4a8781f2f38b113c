import Testing

@testable import MartletWire
@testable import MartletZeroMQ

@Suite struct ConnectionInfoTests {
  private func info(_ kind: ConnectionInfo.Kind, _ interface: String = "tcp://127.0.0.1") -> ConnectionInfo {
    var info = ConnectionInfo(kind: kind, interface: interface)
    info.key = "key \" with quotes"
    info.location = "host"
    info.ports = [.registration: [1], .control: [2], .mux: [3], .task: [4], .iopub: [5]]
    switch kind {
    case .client:
      info.ports[.notification] = [6]
      info.ports[.broadcast] = [7]
      info.taskScheme = "leastload"
    case .engine:
      info.ports[.heartbeatPing] = [6]
      info.ports[.heartbeatPong] = [7]
      info.ports[.broadcast] = [8, 9]
    }
    return info
  }

  @Test(arguments: [ConnectionInfo.Kind.client, .engine]) func roundTrip(kind: ConnectionInfo.Kind) throws {
    var info = info(kind)
    #expect(try ConnectionInfo(json: JSONValue.parse(info.json.bytes)) == info)
    info.key = ""
    info.curveServerKey = String(repeating: "k", count: 40)
    info.signatureScheme = "hmac-sha512"
    info.ssh = "user@host"
    #expect(try ConnectionInfo(json: JSONValue.parse(info.json.bytes)) == info)
  }

  @Test func ipyparallelsKeys() throws {
    let engine = info(.engine).json
    #expect(engine["pack"] == "json" && engine["unpack"] == "json" && engine["curve_serverkey"] == .null)
    #expect(engine["hb_ping"] == 6 && engine["hb_pong"] == 7 && engine["broadcast"] == [8, 9])
    let client = info(.client).json
    #expect(client["broadcast"] == 7 && client["task_scheme"] == "leastload" && client["notification"] == 6)
    #expect(client["hb_ping"] == nil)
  }

  @Test func whatIsMissingHasADefault() throws {
    let info = try ConnectionInfo(json: ["interface": "tcp://*"])
    #expect(info.kind == .client && info.key == "" && info.curveServerKey == nil)
    #expect(info.signatureScheme == "hmac-sha256" && info.ports.isEmpty && info.taskScheme == nil)
    #expect(try ConnectionInfo(json: ["interface": "tcp://*", "curve_serverkey": ""]).curveServerKey == nil)
  }

  @Test(arguments: [
    ("[]", "JSON object"), ("{}", "'interface'"), (#"{"interface":"127.0.0.1"}"#, "'interface'"),
    (#"{"interface":5}"#, "'interface'"), (#"{"interface":"tcp://*","pack":"pickle"}"#, "'pack' is \"pickle\""),
    (#"{"interface":"tcp://*","unpack":"x"}"#, "'unpack'"), (#"{"interface":"tcp://*","task":"x"}"#, "'task'"),
    (#"{"interface":"tcp://*","task":-1}"#, "'task'"), (#"{"interface":"tcp://*","mux":65536}"#, "'mux'"),
    (#"{"interface":"tcp://*","broadcast":[]}"#, "'broadcast'"),
    (#"{"interface":"tcp://*","broadcast":[1,"x"]}"#, "'broadcast'"),
    (#"{"interface":"tcp://*","control":null}"#, "'control'"),
  ])
  func errorsNameTheField(json: String, text: String) throws {
    let json = try JSONValue.parse(Bytes(json))
    let error = #expect(throws: ConnectionError.self) { try ConnectionInfo(json: json) }
    #expect(error?.description.contains(text) == true)
  }

  @Test func endpoints() throws {
    #expect(try info(.client).endpoint(.mux) == "tcp://127.0.0.1:3")
    #expect(try info(.engine).endpoints(.broadcast) == ["tcp://127.0.0.1:8", "tcp://127.0.0.1:9"])
    #expect(try info(.engine, "ipc:///run/c 1").endpoint(.task) == "ipc:///run/c 1-4")
    #expect(info(.engine, "ipc:///run/c").transport == "ipc")
    #expect(ConnectionInfo.endpoint(interface: "inproc://x", number: 3) == "inproc://x-3")
  }

  @Test(arguments: ["tcp://*", "tcp://0.0.0.0"]) func wildcardsAreReplaced(interface: String) throws {
    var info = info(.client, interface)
    #expect(try info.endpoint(.mux) == "tcp://host:3")
    info.location = ""
    #expect(try info.endpoint(.mux) == "tcp://127.0.0.1:3")
    info.location = ProcessIdentity.hostName
    #expect(try info.endpoint(.mux) == "tcp://127.0.0.1:3")
  }

  @Test func aMissingChannelIsNamed() {
    let error = #expect(throws: ConnectionError.self) { try info(.client).endpoints(.heartbeatPing) }
    #expect(error?.description == "the client connection file has no 'hb_ping' channel")
  }
}
