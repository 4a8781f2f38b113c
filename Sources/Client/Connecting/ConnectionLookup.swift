import Foundation
import MartletWire

/// Finds the connection file of a running controller.
struct ConnectionLookup: Sendable {
  /// The file that is looked for.
  let file: ConnectionFile

  /// The file of a profile in the IPython directory: `$IPYTHONDIR`, or `~/.ipython`.
  init(profile: String, clusterID: String, environment: [String: String] = ProcessInfo.processInfo.environment) {
    let home = environment["HOME"] ?? NSHomeDirectory()
    let directory = environment["IPYTHONDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(home)/.ipython"
    file = ConnectionFile(.client, profileDirectory: "\(directory)/profile_\(profile)", clusterID: clusterID)
  }

  /// A file by its path.
  init(path: String) { file = ConnectionFile(path: path) }

  /// Reads the file, waiting for it to appear.
  ///
  /// - Throws: ``ClientError/Code/connectionFile`` that says where it was looked for.
  func read(timeout: Duration) async throws -> ConnectionInfo {
    let deadline = ContinuousClock.now + timeout
    // A file in a directory that may not exist yet can't be watched portably.
    while !file.exists, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(50)) }
    do {
      return try file.read()
    } catch {
      let waited = file.exists ? "" : " (waited \(timeout) for it)"
      throw ClientError(.connectionFile, "\(error)\(waited)", underlying: error)
    }
  }
}
