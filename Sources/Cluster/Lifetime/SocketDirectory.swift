import Foundation
import MartletWire

/// A short private folder for the socket files of one local cluster: `/tmp/martlet-UID-PID-RANDOM`, mode 0700.
///
/// It stands in `/tmp` because the path of a Unix socket has no more than 107 bytes; the process id tells which folders
/// are stale.
struct SocketDirectory: Sendable, Hashable {
  /// The absolute path.
  let path: String

  private static let root = "/tmp"
  private static var prefix: String { "martlet-\(getuid())-" }

  /// Makes a new folder.
  ///
  /// - Throws: ``OptionError`` with the system's reason.
  static func make() throws(OptionError) -> SocketDirectory {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    let random = String((0..<8).compactMap { _ in letters.randomElement() })
    let directory = SocketDirectory(path: "\(root)/\(prefix)\(ProcessIdentity.pid)-\(random)")
    do {
      // Fails where the name is taken, so nobody can put a folder of theirs in its place.
      try FileManager.default.createDirectory(
        atPath: directory.path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } catch {
      throw OptionError("\(directory.path) can't be made for sockets: \(error.localizedDescription)")
    }
    return directory
  }

  /// What the names of socket files start with, the `ip` of an `ipc` controller.
  var address: String { "\(path)/s" }

  /// Removes the folder and the sockets in it.
  func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// The user's folders whose process is gone.
  static func stale() -> [SocketDirectory] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return names.filter { $0.hasPrefix(prefix) }.sorted().filter { name in
      let pid = name.dropFirst(prefix.count).prefix { $0 != "-" }
      return Int(pid).map { !ProcessTable.isAlive($0) } ?? false
    }.map { SocketDirectory(path: "\(root)/\($0)") }
  }
}
