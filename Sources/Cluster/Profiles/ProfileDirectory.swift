import Foundation
import MartletWire

/// An IPython profile: the folder with its connection files, logs and configuration.
public struct ProfileDirectory: Sendable, Hashable {
  /// The absolute path, for example `/home/ada/.ipython/profile_default`.
  public let path: String

  /// The profile in a folder.
  public init(path: String) { self.path = UserPath.absolute(path) }

  /// The named profile, in IPython's folder by default.
  public init(name: String, ipythonDirectory: String = IPythonDirectory.path()) {
    self.init(path: "\(ipythonDirectory)/profile_\(name)")
  }

  /// Connection files and cluster files; mode 0700.
  public var security: String { "\(path)/security" }
  /// Files that IPython runs when it starts.
  public var startup: String { "\(path)/startup" }
  /// Logs of controllers and engines.
  public var log: String { "\(path)/log" }
  /// Process ids.
  public var pid: String { "\(path)/pid" }

  /// The profile's name, or its path if the folder isn't named `profile_NAME`.
  public var name: String {
    let folder = (path as NSString).lastPathComponent
    return folder.hasPrefix("profile_") ? String(folder.dropFirst("profile_".count)) : path
  }

  /// Whether the folder exists.
  public var exists: Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  /// Creates the folder and its subfolders if they are missing, and makes `security` and `pid` private to the user.
  ///
  /// - Throws: ``ClusterError`` with the path, the system's reason and what to do.
  public func create() throws(ClusterError) {
    do {
      for (folder, mode) in [(path, 0o755), (log, 0o755), (startup, 0o755), (security, 0o700), (pid, 0o700)] {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
      }
      for folder in [security, pid] {
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
      }
    } catch {
      throw ClusterError(
        "the profile \(path) can't be created: \(error.localizedDescription) Set HOME or IPYTHONDIR to a folder that "
          + "you can write, or give --ipython-dir or --profile-dir.")
    }
  }

  /// All profiles in a folder, sorted by name.
  public static func all(in ipythonDirectory: String = IPythonDirectory.path()) -> [ProfileDirectory] {
    let folders = (try? FileManager.default.contentsOfDirectory(atPath: ipythonDirectory)) ?? []
    return folders.filter { $0.hasPrefix("profile_") }.sorted()
      .map { ProfileDirectory(path: "\(ipythonDirectory)/\($0)") }.filter(\.exists)
  }
}
