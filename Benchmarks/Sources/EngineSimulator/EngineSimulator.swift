import Foundation
import Martlet
import MartletWire

/// Simulated engines in a process of their own, for measurements over a network.
///
/// - `register FILE COUNT` registers engines, says `registered` when the hub has accepted them, and ends with its input.
/// - `await FILE COUNT` is a client: it says `connected`, and then `registered` as soon as there are so many engines.
/// - `handshakes COUNT` makes connections with CURVE, and prints how long that takes as a JSON object.
@main struct EngineSimulator {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard let count = arguments.last.flatMap({ Int($0) }) else { fatalError("no number of engines: \(arguments)") }
    switch (arguments.first, arguments.dropFirst().first) {
    case ("register", let file?):
      let engines = try SimulatedEngines(try ConnectionFile(path: file).read())
      try await engines.register(count)
      say("registered")
      while readLine() != nil {}
      await engines.stop()
    case ("await", let file?):
      let client = try await Client.connect(connectionFile: file)
      say("connected")
      try await client.waitForEngines(count, timeout: .seconds(300))
      say("registered")
      await client.close()
    case ("handshakes", _):
      say("{\"curve_handshakes_\(count)_ms\": \(try Handshakes.measure(count) / .milliseconds(1))}")
    default:
      fatalError("neither register, await nor handshakes: \(arguments)")
    }
  }

  /// Writes a line at once, whatever reads it.
  private static func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
}
