import Foundation
import MartletTunnels
import MartletWire

/// Finds the connection file of a running controller.
struct ConnectionLookup: Sendable {
  /// The file to read.
  let file: ConnectionFile
  /// What leads to the controller, if it can't be reached directly.
  var tunnel: Tunnel?

  /// The file of a profile in ``IPythonDirectory``.
  init(profile: String, clusterID: String, environment: [String: String] = ProcessInfo.processInfo.environment) {
    let directory = IPythonDirectory.path(environment: environment)
    file = ConnectionFile(.client, profileDirectory: "\(directory)/profile_\(profile)", clusterID: clusterID)
  }

  /// A file by its path.
  init(path: String) { file = ConnectionFile(path: UserPath.absolute(path)) }

  /// What the file says now; `nil` if it is missing or can't be used, perhaps because it is being written.
  func current() -> ConnectionInfo? {
    guard let info = (try? file.read()).map(Self.completed) else { return nil }
    guard let tunnel else { return info.resolvingHost() }
    return try? tunnel.redirect(to: info)
  }

  /// A connection with the controller's CURVE key from the environment, if it has none itself.
  static func completed(_ info: ConnectionInfo) -> ConnectionInfo {
    var info = info
    if info.curveServerKey == nil { info.curveServerKey = ProcessInfo.processInfo.environment["IPP_CURVE_SERVERKEY"] }
    return info
  }

  /// Reads the file, waiting for it to appear.
  ///
  /// - Throws: ``ClientError/Code/connectionFile`` that names the file; `CancellationError`.
  func read(timeout: Duration) async throws -> ConnectionInfo {
    do {
      return try await file.read(within: timeout)
    } catch let error as ConnectionError {
      throw ClientError(.connectionFile, error.description, underlying: error)
    }
  }
}
