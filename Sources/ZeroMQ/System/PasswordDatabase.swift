import Foundation

/// The system's table of users.
package enum PasswordDatabase {
  /// A user's home folder, or the current user's for `nil`; `nil` if there is no such user.
  package static func home(ofUser name: String?) -> String? {
    // Longer entries than this are not found.
    var buffer = [CChar](repeating: 0, count: 16_384)
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    let status =
      name.map { getpwnam_r($0, &entry, &buffer, buffer.count, &found) }
      ?? getpwuid_r(getuid(), &entry, &buffer, buffer.count, &found)
    // The entry's strings live in the buffer.
    return withExtendedLifetime(buffer) {
      guard status == 0, found != nil, let folder = entry.pw_dir else { return nil }
      return String(cString: folder)
    }
  }
}
