import Foundation

/// Short folders in `/tmp` for this user alone. They are there because the path of a Unix socket has at most 107 bytes.
package enum PrivateFolder {
  /// Where they are.
  package static let root = "/tmp"

  /// Makes a folder with a random name, mode 0700.
  ///
  /// - Parameter prefix: the beginning of its name.
  /// - Returns: its path.
  /// - Throws: ``PrivateFileError`` with the system's reason.
  package static func make(_ prefix: String) throws(PrivateFileError) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    let path = "\(root)/\(prefix)\(String((0..<12).compactMap { _ in letters.randomElement() }))"
    do {
      // This fails if the name is taken, so no other user can plant a folder there.
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } catch {
      throw PrivateFileError(path, error.localizedDescription)
    }
    return path
  }
}
