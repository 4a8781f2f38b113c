import Foundation
import MartletWire

/// The clusters of some profiles, as their cluster files tell.
public struct ClusterCatalog: Sendable, Hashable {
  /// Where to look.
  public let profiles: [ProfileDirectory]

  /// A catalog of profiles; of all in `$IPYTHONDIR` by default.
  public init(profiles: [ProfileDirectory] = ProfileDirectory.all()) { self.profiles = profiles }

  /// All clusters with a readable file, alive or not, by profile and id.
  public var clusters: [ClusterRecord] {
    profiles.flatMap { ClusterRecord.files(of: $0) }.compactMap { try? ClusterRecord.read($0) }
  }

  /// A cluster that runs.
  ///
  /// - Throws: ``ClusterError`` when there is none of that id.
  public static func running(_ clusterID: String, in profile: ProfileDirectory) throws -> ClusterRecord {
    let path = ClusterRecord.path(clusterID: clusterID, profile: profile)
    guard let record = try ClusterRecord.read(path), record.isAlive else {
      let name = clusterID.isEmpty ? "no cluster" : "no cluster \(clusterID)"
      throw ClusterError("\(name) is running in profile \(profile.name), see martlet list", code: .notRunning)
    }
    return record
  }

  /// Removes what dead clusters left: cluster files with their connection files, connection files whose sockets are
  /// gone, socket folders. A controller on `tcp` that was started by hand can't be told from a dead one, so its
  /// connection files stay unless forced.
  ///
  /// - Parameter force: remove the files of running clusters too, and all connection files.
  /// - Returns: the paths that were removed.
  public func clean(force: Bool = false) -> [String] { clean(force: force, staleSockets: SocketDirectory.stale()) }

  func clean(force: Bool, staleSockets: [SocketDirectory]) -> [String] {
    var removed: [String] = []
    var kept: Set<String> = []
    for profile in profiles {
      for path in ClusterRecord.files(of: profile) {
        let record = try? ClusterRecord.read(path)
        if let record, record.isAlive, !force {
          kept.formUnion(record.connectionFiles.map(\.path))
          continue
        }
        guard let record else { continue }
        removed += [path] + record.connectionFiles.filter(\.exists).map(\.path)
        record.removeFiles()
      }
      removed += removeConnectionFiles(of: profile, except: kept, force: force)
    }
    for directory in staleSockets {
      directory.remove()
      removed.append(directory.path)
    }
    return removed
  }

  private func removeConnectionFiles(of profile: ProfileDirectory, except kept: Set<String>, force: Bool) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: profile.security)) ?? []
    return names.filter { $0.hasPrefix("ipcontroller") && $0.hasSuffix(".json") }.sorted()
      .map { ConnectionFile(path: "\(profile.security)/\($0)") }
      .filter { !kept.contains($0.path) && (force || Self.isStale($0)) }
      .map { file in
        file.remove()
        return file.path
      }
  }

  /// Whether nothing can listen there any more. For `ipc` the socket is gone; for `tcp` that can't be told.
  private static func isStale(_ file: ConnectionFile) -> Bool {
    guard let info = try? file.read(), info.transport == "ipc", let endpoint = try? info.endpoint(.registration)
    else { return false }
    return !FileManager.default.fileExists(atPath: String(endpoint.dropFirst("ipc://".count)))
  }
}
