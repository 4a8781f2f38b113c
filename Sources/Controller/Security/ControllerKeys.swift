import Foundation
import MartletWire
import MartletZeroMQ

/// The CURVE keys that a controller made itself, in a file for the one that takes its place: peers know no others.
struct ControllerKeys: Sendable, Hashable {
  /// The controller's own.
  var server: CurveKeyPair

  /// New keys.
  ///
  /// - Throws: `ENOTSUP` where libzmq was built without CURVE.
  static func generate() throws(ZeroMQError) -> ControllerKeys { ControllerKeys(server: try .generate()) }

  /// Reads the keys of an earlier controller.
  ///
  /// - Returns: `nil` when there is no file.
  /// - Throws: ``PrivateFileError`` when it can't be used.
  static func read(_ path: String) throws(PrivateFileError) -> ControllerKeys? {
    guard let json = try PrivateFile.readJSON(path, sizeLimit: 1 << 16) else { return nil }
    guard let text = json["server"]?.stringValue, let server = try? CurveKeyPair(secretKey: text) else {
      throw PrivateFileError(path, "'server' is no secret CURVE key")
    }
    return ControllerKeys(server: server)
  }

  /// Writes the secret keys.
  ///
  /// - Throws: the system's reason.
  func write(to path: String) throws {
    let json: JSONValue = ["server": .string(server.secretKey)]
    try PrivateFile.write(Data(json.bytes.array), to: path)
  }
}
