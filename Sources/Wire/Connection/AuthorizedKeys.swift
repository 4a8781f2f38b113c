import Foundation
import MartletZeroMQ

/// The keys that one controller admits by name: a folder with a record `NAME.key` for each, which stays when the key is
/// revoked, and `NAME.json`, the connection file for its owner with the secret key.
///
/// The modification time of a record says when the key was used last; 1970 means never.
package struct AuthorizedKeys: Sendable, Hashable {
  /// The folder's path.
  package let folder: String

  /// The keys in a folder, which may be missing.
  package init(folder: String) { self.folder = folder }

  private static let recordSuffix = ".key"
  private static let recordLimit = 1 << 16

  /// Whether keys are admitted by name: whether there is a record, even of a revoked key, or the folder can't be read.
  package var isInUse: Bool {
    guard FileManager.default.fileExists(atPath: folder) else { return false }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return true }
    return names.contains { $0.hasSuffix(Self.recordSuffix) }
  }

  /// The connection file of a key's owner.
  package func connectionFile(of name: String) -> ConnectionFile { ConnectionFile(path: "\(folder)/\(name).json") }

  private func record(of name: String) -> String { "\(folder)/\(name)\(Self.recordSuffix)" }

  // MARK: - Reading

  /// All keys by name, and what is wrong with records that can't be used. Their keys are not admitted.
  package func read() -> (keys: [AuthorizedKey], problems: [String]) {
    var (keys, problems): ([AuthorizedKey], [String]) = ([], [])
    do {
      for file in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
        guard file.hasSuffix(Self.recordSuffix) else { continue }
        let name = String(file.dropLast(Self.recordSuffix.count))
        do {
          if let key = try key(name) { keys.append(key) }
        } catch {
          problems.append("\(error)")
        }
      }
    } catch {
      problems.append("\(folder): \(error.localizedDescription)")
    }
    return (keys, problems)
  }

  /// A key by its name; `nil` if there is none.
  ///
  /// - Throws: ``PrivateFileError`` when its record can't be used.
  package func key(_ name: String) throws(PrivateFileError) -> AuthorizedKey? {
    let path = record(of: name)
    guard AuthorizedKey.isName(name) else { throw PrivateFileError(path, "'\(name)' is not a name of a key") }
    guard let json = try PrivateFile.readJSON(path, sizeLimit: Self.recordLimit) else { return nil }
    do {
      return try AuthorizedKey(name: name, json: json)
    } catch {
      throw PrivateFileError(path, "\(error)")
    }
  }

  /// When records were added, replaced or removed last, in nanoseconds since 1970; `nil` if the folder is missing.
  package var version: Int? {
    var status = stat()
    guard stat(folder, &status) == 0 else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
  }

  /// When a key was used last; `nil` for never.
  package func lastUse(of name: String) -> Date? {
    let date = try? FileManager.default.attributesOfItem(atPath: record(of: name))[.modificationDate] as? Date
    return date.flatMap { $0.timeIntervalSince1970 < 1 ? nil : $0 }
  }

  // MARK: - Writing

  /// Makes a key pair for a name, and the connection file of its owner.
  ///
  /// - Parameter connection: how to reach the controller; `nil` if that isn't known yet, see ``complete(client:engine:)``.
  /// - Throws: the system's reason.
  package func add(_ name: String, role: ConnectionInfo.Kind, connection: ConnectionInfo?) throws {
    let pair = try CurveKeyPair.generate()
    let file = connectionFile(of: name)
    if var connection {
      connection.curveKeys = pair
      try file.write(connection)
    } else {
      let json: JSONValue = ["curve_publickey": .string(pair.publicKey), "curve_secretkey": .string(pair.secretKey)]
      try PrivateFile.write(Data(json.bytes.array), to: file.path)
    }
    let created = Date().timeIntervalSince1970
    try write(AuthorizedKey(name: name, role: role, publicKey: pair.publicKey, created: created), lastUse: nil)
  }

  /// Revokes a key. Its record stays, and its connection file goes.
  ///
  /// - Throws: the system's reason.
  package func revoke(_ key: AuthorizedKey) throws {
    var key = key
    key.revoked = Date().timeIntervalSince1970
    try write(key, lastUse: lastUse(of: key.name))
    unlink(connectionFile(of: key.name).path)
  }

  private func write(_ key: AuthorizedKey, lastUse: Date?) throws {
    try PrivateFile.write(Data(key.json.bytes.array), to: record(of: key.name))
    noteUse(of: key.name, at: lastUse ?? Date(timeIntervalSince1970: 0))
  }

  /// Notes that a key is used.
  package func noteUse(of name: String, at date: Date) {
    try? FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: record(of: name))
  }

  /// Brings the connection files of all owners up to date. One that is no longer here was given away.
  ///
  /// - Throws: ``ConnectionError`` with the system's reason.
  package func complete(client: ConnectionInfo, engine: ConnectionInfo) throws(ConnectionError) {
    for key in read().keys where key.revoked == nil {
      let file = connectionFile(of: key.name)
      guard let json = try? PrivateFile.readJSON(file.path), let pair = CurveKeyPair(json: json),
        pair.publicKey == key.publicKey
      else { continue }
      var connection = key.role == .client ? client : engine
      connection.curveKeys = pair
      try file.write(connection)
    }
  }
}
