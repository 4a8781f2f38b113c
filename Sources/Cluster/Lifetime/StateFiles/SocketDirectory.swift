import Foundation
import MartletWire

/// A short private folder for the socket files of one local cluster: `/tmp/martlet-UID-RANDOM`, mode 0700.
///
/// A lock inside, held by the cluster's process, shows whether the folder is in use.
struct SocketDirectory: ~Copyable, Sendable {
  /// The absolute path.
  let path: String
  private let lock: LockFile

  private static let root = PrivateFolder.root
  private static var prefix: String { "martlet-\(getuid())-" }

  /// Creates a new folder.
  ///
  /// - Throws: ``OptionError`` with the system's reason.
  static func make() throws(OptionError) -> SocketDirectory {
    while true {
      let path: String
      do throws(PrivateFileError) {
        path = try PrivateFolder.make(prefix)
      } catch {
        throw OptionError("\(error.path) can't be made for sockets: \(error.reason)")
      }
      do {
        guard let lock = try LockFile.acquire(lockPath(path)) else { continue }
        try lock.write(.current)
        return SocketDirectory(path: path, lock: lock)
      } catch {
        // Until the folder has a lock, another process may take it for a leftover and remove it.
        guard FileManager.default.fileExists(atPath: path) else { continue }
        throw OptionError("\(path) can't be used for sockets: \(error)")
      }
    }
  }

  private static func lockPath(_ path: String) -> String { "\(path)/lock" }

  /// The common prefix of the socket files' paths: the `ip` of an `ipc` controller.
  var address: String { "\(path)/s" }

  /// The endpoint in such a folder at which the process that holds the cluster is asked.
  static func control(in path: String) -> String { "ipc://\(path)/control" }

  /// Removes the folder and the sockets in it.
  consuming func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// Removes the user's folders whose process is gone.
  ///
  /// - Returns: their paths.
  static func removeStale() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return names.filter { $0.hasPrefix(prefix) }.sorted().map { "\(root)/\($0)" }.filter(removeIfStale)
  }

  /// Removes a folder whose process is gone.
  ///
  /// - Parameter path: may come from a file, so only a folder that the user owns and that has the right kind of name is
  ///   touched.
  /// - Returns: whether it was removed.
  static func removeIfStale(_ path: String) -> Bool {
    let start = "\(root)/\(prefix)"
    var status = stat()
    guard path.hasPrefix(start), !path.dropFirst(start.count).contains("/"), lstat(path, &status) == 0,
      status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(),
      let lock = try? LockFile.acquire(lockPath(path))
    else { return false }
    let process = try? LockFile.holder(lockPath(path))
    guard Liveness.judge(process, lock: lock.previousState) == .ended else { return false }
    return (try? FileManager.default.removeItem(atPath: path)) != nil
  }
}
