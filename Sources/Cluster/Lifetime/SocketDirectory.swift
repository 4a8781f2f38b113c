import Foundation
import MartletWire

/// A short private folder for the socket files of one local cluster: `/tmp/martlet-UID-RANDOM`, mode 0700.
///
/// The folder is in `/tmp` because the path of a Unix socket has at most 107 bytes. A lock inside, held by the
/// cluster's process, shows whether the folder is in use.
struct SocketDirectory: ~Copyable, Sendable {
  /// The absolute path.
  let path: String
  private let lock: LockFile

  private static let root = "/tmp"
  private static var prefix: String { "martlet-\(getuid())-" }

  /// Creates a new folder.
  ///
  /// - Throws: ``OptionError`` with the system's reason.
  static func make() throws(OptionError) -> SocketDirectory {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    while true {
      let random = String((0..<12).compactMap { _ in letters.randomElement() })
      let path = "\(root)/\(prefix)\(random)"
      do {
        // This fails if the name is taken, so no other user can plant a folder there.
        try FileManager.default.createDirectory(
          atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
      } catch {
        throw OptionError("\(path) can't be made for sockets: \(error.localizedDescription)")
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
