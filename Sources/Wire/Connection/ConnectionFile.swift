import Foundation
import MartletZeroMQ

/// A connection file on disk: private to its owner, replaced as a whole.
public struct ConnectionFile: Sendable, Hashable {
  /// Where it is.
  public let path: String

  /// A file by its path.
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

  /// Whether the file is there.
  public var exists: Bool { FileManager.default.fileExists(atPath: path) }

  /// Reads the file.
  ///
  /// - Throws: ``ConnectionError`` that says whether it is missing, unreadable or malformed.
  public func read() throws(ConnectionError) -> ConnectionInfo {
    guard exists else {
      throw ConnectionError("no connection file at \(path): is a controller running? (martlet start -n 4 starts one)")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ConnectionError("the connection file \(path) can't be read")
    }
    do {
      return try ConnectionInfo(json: try JSONValue.parse(Bytes(Array(data))))
    } catch {
      throw ConnectionError("the connection file \(path) is unusable: \(error)")
    }
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

  /// Removes the file if it is there.
  public func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// Files with secrets or state: mode 0600, never half written.
public enum PrivateFile {
  /// Writes a file as a whole, making its folder (mode 0700) when it is missing.
  public static func write(_ data: Data, to path: String) throws {
    let folder = (path as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let temporary = "\(path).\(UUID().uuidString).tmp"
    // The mode is the file's from the start: setting it afterwards would show a key to others for a moment.
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ConnectionError(String(cString: strerror(errno))) }
    do {
      let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      try file.write(contentsOf: data)
      try file.close()
      guard rename(temporary, path) == 0 else { throw ConnectionError(String(cString: strerror(errno))) }
    } catch {
      unlink(temporary)
      throw error
    }
  }
}
