import Foundation
import MartletZeroMQ

/// Paths as Python's `os.path` reads them, so that every peer of a user looks in the same folder.
public enum UserPath {
  /// The user's home folder: `$HOME` if it is set, even to nothing, else the entry in the password database.
  public static func home(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
    expandingTilde("~", environment: environment)
  }

  /// Replaces a leading `~` or `~user`, as `os.path.expanduser` does. An unknown user's path stays as it is.
  public static func expandingTilde(
    _ path: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    guard path.hasPrefix("~") else { return path }
    let user = path.dropFirst().prefix { $0 != "/" }
    let rest = path.dropFirst(1 + user.count)
    let folder =
      user.isEmpty
      ? environment["HOME"] ?? PasswordDatabase.home(ofUser: nil) : PasswordDatabase.home(ofUser: String(user))
    guard var folder else { return path }
    while folder.hasSuffix("/") { folder.removeLast() }
    let expanded = folder + rest
    return expanded.isEmpty ? "/" : expanded
  }

  /// The path with `~` expanded, relative to the current folder, without `.`, `..` and doubled slashes. Symbolic links
  /// are kept.
  public static func absolute(
    _ path: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    let expanded = expandingTilde(path, environment: environment)
    let full = expanded.hasPrefix("/") ? expanded : "\(FileManager.default.currentDirectoryPath)/\(expanded)"
    var parts: [Substring] = []
    for part in full.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// Whether the path is a folder in which this process can create files.
  static func isWritableFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
      && access(path, W_OK) == 0
  }

  /// The path with the symbolic links resolved in the part of it that exists.
  static func resolvingLinks(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else {
      let parent = (path as NSString).deletingLastPathComponent
      guard parent != path, !parent.isEmpty else { return path }
      let folder = resolvingLinks(parent)
      return "\(folder == "/" ? "" : folder)/\((path as NSString).lastPathComponent)"
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
