import Foundation

@testable import MartletCluster

/// A folder for one test, removed on deinitialization.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = "\(NSTemporaryDirectory())cluster-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Creates a profile in the folder.
  @discardableResult
  func profile(_ name: String = "default") throws -> ProfileDirectory {
    let profile = ProfileDirectory(name: name, ipythonDirectory: path)
    try profile.create()
    return profile
  }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    let file = "\(path)/\(name)"
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// An environment whose `IPYTHONDIR` is this folder.
  var environment: [String: String] { ["IPYTHONDIR": path] }
}
