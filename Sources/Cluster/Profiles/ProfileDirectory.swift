import Foundation

/// A profile of IPython: the folder with its connection files, logs and configuration.
public struct ProfileDirectory: Sendable, Hashable {
  /// The absolute path, for example `/home/ada/.ipython/profile_default`.
  public let path: String

  /// A profile by its folder.
  public init(path: String) { self.path = ProfileDirectory.absolute(path) }

  /// A profile by its name.
  public init(name: String, ipythonDirectory: String = ProfileDirectory.ipythonDirectory()) {
    self.init(path: "\(ipythonDirectory)/profile_\(name)")
  }

  /// `$IPYTHONDIR`, or `~/.ipython`.
  public static func ipythonDirectory(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    if let directory = environment["IPYTHONDIR"], !directory.isEmpty { return absolute(directory) }
    return "\(NSHomeDirectory())/.ipython"
  }

  /// Connection files and cluster files; mode 0700.
  public var security: String { "\(path)/security" }
  /// Logs of controllers and engines.
  public var log: String { "\(path)/log" }
  /// Process ids.
  public var pid: String { "\(path)/pid" }

  /// The profile's name, or its path when it doesn't follow the naming.
  public var name: String {
    let folder = (path as NSString).lastPathComponent
    return folder.hasPrefix("profile_") ? String(folder.dropFirst("profile_".count)) : path
  }

  /// Whether the folder is there.
  public var exists: Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  /// Makes the folder and what belongs into it where it is missing, and closes `security` and `pid` to others.
  ///
  /// - Throws: ``OptionError`` with the path and the system's reason.
  public func create() throws(OptionError) {
    do {
      for (folder, mode) in [(path, 0o755), (log, 0o755), ("\(path)/startup", 0o755), (security, 0o700), (pid, 0o700)] {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
      }
      for folder in [security, pid] {
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
      }
    } catch {
      throw OptionError("the profile \(path) can't be made: \(error.localizedDescription)")
    }
  }

  /// All profiles of a folder, by name.
  public static func all(in ipythonDirectory: String = ProfileDirectory.ipythonDirectory()) -> [ProfileDirectory] {
    let folders = (try? FileManager.default.contentsOfDirectory(atPath: ipythonDirectory)) ?? []
    return folders.filter { $0.hasPrefix("profile_") }.sorted()
      .map { ProfileDirectory(path: "\(ipythonDirectory)/\($0)") }.filter(\.exists)
  }

  private static func absolute(_ path: String) -> String {
    let expanded = (path as NSString).expandingTildeInPath
    let full = expanded.hasPrefix("/") ? expanded : "\(FileManager.default.currentDirectoryPath)/\(expanded)"
    return (full as NSString).standardizingPath
  }
}
