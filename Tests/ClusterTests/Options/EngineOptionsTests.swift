import MartletWire
import Testing

@testable import MartletCluster

@Suite struct EngineOptionsTests {
  private let info = #"{"interface": "tcp://127.0.0.1", "key": "", "location": "a", "hb_ping": 1, "registration": 2}"#

  @Test func readsOptions() throws {
    let (options, warnings) = try EngineOptions.read(
      [
        "--file=/x/engine.json", "--timeout=2.5", "--id=3", "--location=here", "--IPEngine.max_heartbeat_misses=7",
        "--IPEngine.wait_for_url_file=1", "-c", "import numpy", "--InteractiveShell.colors=NoColor",
      ], environment: ["IPP_CURVE_SERVERKEY": "server"])
    #expect(options.connectionFile.path == "/x/engine.json")
    #expect(options.registrationTimeout == .seconds(2.5) && options.connectionFileTimeout == .seconds(1))
    #expect(options.id == 3 && options.location == "here" && options.maxHeartbeatMisses == 7)
    #expect(options.startupCommand == "import numpy" && options.curveServerKey == "server")
    #expect(warnings == ["unknown option InteractiveShell.colors in the command line, it has no effect"])
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
