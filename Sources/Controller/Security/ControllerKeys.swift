import Foundation
import MartletWire
import MartletZeroMQ

/// The CURVE keys that a controller made itself, in a file for the one that takes its place: peers know no others.
struct ControllerKeys: Sendable, Hashable {
  /// The controller's own.
  var server: CurveKeyPair
  /// In the connection file for clients, where keys are admitted by name.
  var client: CurveKeyPair
  /// In the connection file for engines, where keys are admitted by name.
  var engine: CurveKeyPair

  /// New keys.
  ///
  /// - Throws: `ENOTSUP` where libzmq was built without CURVE.
  static func generate() throws(ZeroMQError) -> ControllerKeys {
    ControllerKeys(server: try .generate(), client: try .generate(), engine: try .generate())
  }

  /// Reads the keys of an earlier controller.
  ///
  /// - Returns: `nil` when there is no file.
  /// - Throws: ``PrivateFileError`` when it can't be used.
  static func read(_ path: String) throws(PrivateFileError) -> ControllerKeys? {
    guard let json = try PrivateFile.readJSON(path, sizeLimit: 1 << 16) else { return nil }
    func pair(_ name: String) throws(PrivateFileError) -> CurveKeyPair {
      guard let text = json[name]?.stringValue, let pair = try? CurveKeyPair(secretKey: text) else {
        throw PrivateFileError(path, "'\(name)' is not a secret CURVE key")
      }
      return pair
    }
    return ControllerKeys(server: try pair("server"), client: try pair("client"), engine: try pair("engine"))
  }

  /// Writes the secret keys.
  ///
  /// - Throws: the system's reason.
  func write(to path: String) throws {
    let json: JSONValue = [
      "server": .string(server.secretKey), "client": .string(client.secretKey), "engine": .string(engine.secretKey),
    ]
    try PrivateFile.write(Data(json.bytes.array), to: path)
  }

  /// Those in the controller's own connection files, as keys that are admitted.
  var own: [AuthorizedKey] {
    [
      AuthorizedKey(name: "the profile's clients", role: .client, publicKey: client.publicKey, created: 0),
      AuthorizedKey(name: "the profile's engines", role: .engine, publicKey: engine.publicKey, created: 0),
    ]
  }
}
