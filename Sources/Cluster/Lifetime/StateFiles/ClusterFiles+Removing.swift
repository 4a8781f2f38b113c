import Foundation
import MartletWire

extension ClusterFiles {
  /// Removes the files of a cluster that isn't running. Leaves the lock for its holder to remove.
  ///
  /// - Parameters:
  ///   - socketDirectory: the folder with its socket files, according to its record.
  ///   - connections: the connection files to remove as well. The CURVE keys go with the last of them, unless
  ///     keys are admitted by name, whose owners know them.
  /// - Returns: the removed paths, and a problem for each path that couldn't be removed.
  @discardableResult
  func remove(
    socketDirectory: String? = nil, connections: [ConnectionFile]
  ) -> (removed: [String], failed: [StateFileProblem]) {
    var result: (removed: [String], failed: [StateFileProblem]) = ([], [])
    for path in [record, python, controllerLock, journal] + journalParts + connections.map(\.path) {
      Self.remove(path, &result)
    }
    if !self.connections.contains(where: \.exists), !authorizedKeys.isInUse { Self.remove(curveKeys, &result) }
    if let socketDirectory, SocketDirectory.removeIfStale(socketDirectory) { result.removed.append(socketDirectory) }
    return result
  }

  /// Removes what a controller would go on with.
  func removeWork() {
    var result: (removed: [String], failed: [StateFileProblem]) = ([], [])
    for path in [journal, engineTable] + journalParts { Self.remove(path, &result) }
  }

  /// Removes a file, or an empty folder in its place.
  static func remove(_ path: String, _ result: inout (removed: [String], failed: [StateFileProblem])) {
    if unlink(path) == 0 || (errno != ENOENT && rmdir(path) == 0) {
      result.removed.append(path)
    } else if errno != ENOENT, errno != ENOTDIR || FileManager.default.fileExists(atPath: path) {
      result.failed.append(
        StateFileProblem(path: path, reason: "it can't be removed: \(String(cString: strerror(errno)))"))
    }
  }

  /// Removes partial files whose writer was killed. No write takes a minute, so older files are leftovers.
  static func removeUnfinished(
    in profile: ProfileDirectory, _ result: inout (removed: [String], failed: [StateFileProblem])
  ) {
    for folder in [profile.security, profile.pid, profile.log] {
      for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() {
        let path = "\(folder)/\(name)"
        guard name.hasSuffix(".tmp"), name.contains(".json."),
          let date = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date,
          date.timeIntervalSinceNow < -60
        else { continue }
        remove(path, &result)
      }
    }
  }
}
