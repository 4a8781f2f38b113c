import MartletWire
import Synchronization

/// Which keys a controller admits to which of its sockets.
struct KeyAdmission: Sendable, Hashable {
  /// Why a key is refused.
  enum Refusal: Sendable, Hashable, CustomStringConvertible {
    case unknown
    case revoked(name: String)
    case role(name: String, ConnectionInfo.Kind)

    var description: String {
      switch self {
      case .unknown: "nobody has added it"
      case .revoked(let name): "the key of \(name) was revoked"
      case .role(let name, let role): "the key of \(name) is for \(role == .client ? "clients" : "engines") only"
      }
    }
  }

  private var keys: [String: AuthorizedKey] = [:]

  /// Admits keys that have not been revoked. A key under several names is admitted under the last one, unless one of them
  /// was revoked.
  init(_ keys: [AuthorizedKey]) {
    for key in keys where self.keys[key.publicKey]?.revoked == nil { self.keys[key.publicKey] = key }
  }

  /// The role of a key that is admitted.
  func role(of key: String) -> ConnectionInfo.Kind? {
    keys[key].flatMap { $0.revoked == nil ? $0.role : nil }
  }

  /// Judges a key.
  ///
  /// - Parameter side: whose sockets its owner connects to; `nil` for the registration, which is for both.
  /// - Returns: the key's record.
  /// - Throws: ``Refusal``.
  func judge(_ key: String, for side: ConnectionInfo.Kind?) throws(Refusal) -> AuthorizedKey {
    guard let known = keys[key] else { throw .unknown }
    guard known.revoked == nil else { throw .revoked(name: known.name) }
    guard side == nil || side == known.role else { throw .role(name: known.name, known.role) }
    return known
  }

  /// Whether a key that was admitted isn't any more.
  func revokes(_ former: KeyAdmission) -> Bool {
    former.keys.keys.contains { former.role(of: $0) != nil && role(of: $0) != former.role(of: $0) }
  }
}

extension KeyAdmission.Refusal: Error {}

/// The ``KeyAdmission`` in force, for all loops.
final class CurrentAdmission: Sendable {
  private let current: Mutex<KeyAdmission>

  init(_ admission: KeyAdmission) { current = Mutex(admission) }

  var value: KeyAdmission { current.withLock(\.self) }

  /// Replaces it.
  ///
  /// - Returns: whether a key that was admitted isn't any more.
  func replace(_ admission: KeyAdmission) -> Bool {
    current.withLock { current in
      defer { current = admission }
      return admission.revokes(current)
    }
  }

  /// The role of a key that is admitted.
  func role(of key: String) -> ConnectionInfo.Kind? { current.withLock { $0.role(of: key) } }
}
