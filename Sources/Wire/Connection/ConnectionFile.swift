import Foundation
import MartletZeroMQ

/// A connection file on disk: private to its owner, replaced as a whole.
public struct ConnectionFile: Sendable, Hashable {
  /// The file's path.
  public let path: String

  /// The file at a path.
  public init(path: String) { self.path = path }

  /// The file of a profile.
  ///
  /// - Parameters:
  ///   - kind: for clients or for engines.
  ///   - profileDirectory: for example `~/.ipython/profile_default`.
  ///   - clusterID: empty for the profile's default cluster.
  public init(_ kind: ConnectionInfo.Kind, profileDirectory: String, clusterID: String = "") {
    let cluster = clusterID.isEmpty ? "" : "-\(clusterID)"
    path = "\(profileDirectory)/security/ipcontroller\(cluster)-\(kind.rawValue).json"
  }

  /// Whether the file exists.
  public var exists: Bool { FileManager.default.fileExists(atPath: path) }

  /// Reads the file.
  ///
  /// - Throws: ``ConnectionError`` that says whether the file is missing, unreadable or malformed.
  public func read() throws(ConnectionError) -> ConnectionInfo {
    do {
      if let json = try PrivateFile.readJSON(path) { return try ConnectionInfo(json: json) }
    } catch {
      let reason = (error as? PrivateFileError)?.reason ?? "\(error)"
      throw ConnectionError(
        "the connection file \(path) is unusable: \(reason); remove it if no controller is running (martlet clean does)"
      )
    }
    throw ConnectionError("no connection file at \(path): is a controller running? (martlet start -n 4 starts one)")
  }

  /// Writes the file with mode 0600 under another name and moves it into place.
  ///
  /// - Throws: ``ConnectionError`` with the system's reason.
  public func write(_ info: ConnectionInfo) throws(ConnectionError) {
    do {
      try PrivateFile.write(Data(info.json.bytes.array), to: path)
    } catch {
      throw ConnectionError("the connection file \(path) can't be written: \(error)")
    }
  }

  /// Removes the file if it still has this content: another controller may have replaced it.
  public func remove(ifStill info: ConnectionInfo) {
    if (try? read()) == info { try? FileManager.default.removeItem(atPath: path) }
  }
}
