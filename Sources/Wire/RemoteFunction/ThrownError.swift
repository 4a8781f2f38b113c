import Foundation
import MartletZeroMQ

/// A `Codable` error that a Swift function has thrown, on its way to a client that may have the same type.
///
/// It travels beside the name and text of the error, which are for everyone else.
package struct ThrownError: Sendable, Hashable {
  /// The type's mangled name, by which Swift finds it in another program.
  private let type: String
  private let pickle: Bytes

  /// A larger error is not sent: it would be in every record of the task.
  private static let sizeLimit = 65_536

  /// - Returns: `nil` for an error that can't be sent. That of a private type, which has no name elsewhere, is one.
  package init?(_ error: any Error) {
    guard let codable = error as? any Codable, let type = _mangledTypeName(Swift.type(of: error)),
      Self.isSafe(type), let value = try? PickleValue(encoding: codable)
    else { return nil }
    self.type = type
    pickle = PickleEncoder().encode(value)
    if pickle.count > Self.sizeLimit { return nil }
  }

  /// Reads what ``json`` gives; `nil` if it is something else.
  package init?(_ json: JSONValue) {
    guard let type = json["type"]?.stringValue, Self.isSafe(type), let text = json["pickle"]?.stringValue,
      let data = Data(base64Encoded: text)
    else { return nil }
    self.type = type
    pickle = Bytes(data)
  }

  /// The error for the content of a reply.
  package var json: JSONValue { ["type": .string(type), "pickle": .string(pickle.data.base64EncodedString())] }

  /// The error itself; `nil` if this program has no such type, or a different one of that name.
  package var error: (any Error)? {
    guard let type = _typeByName(type) as? any (Error & Decodable).Type, let value = try? PickleDecoder().decode(pickle)
    else { return nil }
    return try? value.decode(type)
  }

  /// Whether a name from outside may be looked up: mangled names with control characters contain pointers.
  private static func isSafe(_ type: String) -> Bool {
    type.utf8.count <= 512
      && type.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}
