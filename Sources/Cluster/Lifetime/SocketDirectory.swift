import Foundation
import MartletWire

/// A short private folder for the socket files of one local cluster: `/tmp/martlet-UID-RANDOM`, mode 0700.
///
/// It is in `/tmp` because the path of a Unix socket has at most 107 bytes. A lock in it, held by the cluster's process,
/// tells whether the folder is in use.
struct SocketDirectory: ~Copyable, Sendable {
  /// The absolute path.
  let path: String
  private let lock: LockFile

  private static let root = "/tmp"
  private static var prefix: String { "martlet-\(getuid())-" }

  /// Makes a new folder.
  ///
  /// - Throws: ``OptionError`` with the system's reason.
  static func make() throws(OptionError) -> SocketDirectory {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    while true {
      let random = String((0..<12).compactMap { _ in letters.randomElement() })
      let path = "\(root)/\(prefix)\(random)"
      do {
        // Fails where the name is taken, so nobody can put a folder of theirs in its place.
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
        // Before it had a lock, the folder could be taken for a leftover and removed.
        guard FileManager.default.fileExists(atPath: path) else { continue }
        throw OptionError("\(path) can't be used for sockets: \(error)")
      }
    }
  }

  private static func lockPath(_ path: String) -> String { "\(path)/lock" }

  /// What the names of socket files start with, the `ip` of an `ipc` controller.
  var address: String { "\(path)/s" }

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
  /// - Parameter path: may come from a file, so only a folder of the user's with the right kind of name is touched.
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
