import Crypto
import MartletZeroMQ

/// A public CURVE key that a controller admits by name, or admitted until it was revoked.
package struct AuthorizedKey: Sendable, Hashable {
  /// Who has the key.
  package let name: String
  /// What the key's owner may connect as.
  package let role: ConnectionInfo.Kind
  /// In Z85.
  package let publicKey: String
  /// When it was added, in seconds since 1970.
  package let created: Double
  /// When it was revoked, in seconds since 1970; `nil` while it is admitted.
  package var revoked: Double?

  /// A key that is admitted.
  package init(name: String, role: ConnectionInfo.Kind, publicKey: String, created: Double) {
    self.name = name
    self.role = role
    self.publicKey = publicKey
    self.created = created
  }

  /// Whether a text can be the name of a key, and with it of a file.
  package static func isName(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (1...64).contains(bytes.count), bytes.first != UInt8(ascii: ".") else { return false }
    return bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }

  /// The beginning of the key's hash, by which people recognize it.
  package var fingerprint: String {
    let digits = SHA256.hash(data: Array(publicKey.utf8)).prefix(8).map { byte in
      String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }
    return "SHA256:\(digits.joined())"
  }

  /// Reads a record.
  ///
  /// - Throws: ``ConnectionError`` that names what is missing or unusable.
  init(name: String, json: JSONValue) throws(ConnectionError) {
    guard let role = json["role"]?.stringValue.flatMap({ ConnectionInfo.Kind(rawValue: $0) }) else {
      throw ConnectionError("'role' is neither client nor engine")
    }
    guard let publicKey = json["public_key"]?.stringValue, publicKey.utf8.count == 40 else {
      throw ConnectionError("'public_key' is not a CURVE key")
    }
    self.init(name: name, role: role, publicKey: publicKey, created: json["created"]?.doubleValue ?? 0)
    guard let revoked = json["revoked"], !revoked.isNull else { return }
    // Whatever stands there, somebody has revoked the key.
    self.revoked = revoked.doubleValue ?? 0
  }

  /// The record.
  var json: JSONValue {
    [
      "role": .string(role.rawValue), "public_key": .string(publicKey), "created": .double(created),
      "revoked": revoked.map { .double($0) } ?? .null,
    ]
  }
}
