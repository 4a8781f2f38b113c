import Foundation
import MartletWire

/// Identifies a cluster and locates its files.
package struct ClusterFiles: Sendable, Hashable {
  package let profile: ProfileDirectory
  /// Empty for the profile's default cluster.
  package let clusterID: String

  /// The files of a cluster, whether or not they exist.
  package init(clusterID: String, profile: ProfileDirectory) {
    self.clusterID = clusterID
    self.profile = profile
  }

  /// Martlet's own record of a cluster that it started.
  package var record: String { "\(profile.pid)/martlet-\(clusterID).json" }
  /// Locked by the process that holds a cluster started by Martlet.
  var lock: String { "\(profile.pid)/martlet-\(clusterID).lock" }
  /// Locked by a Martlet controller, whatever started it.
  var controllerLock: String { "\(profile.pid)/ipcontroller-\(clusterID).lock" }
  /// ipyparallel's cluster file, which Martlet writes too.
  package var python: String { "\(profile.security)/cluster-\(clusterID).json" }
  /// The table of engines that a controller restores.
  var engineTable: String { "\(profile.log)/engines\(clusterID).json" }
  /// The CURVE keys that the controller has made.
  var curveKeys: String { "\(controllerPrefix)-curve.json" }
  /// The keys that the controller admits by name.
  package var authorizedKeys: AuthorizedKeys { AuthorizedKeys(folder: "\(controllerPrefix)-keys") }
  private var controllerPrefix: String {
    "\(profile.security)/ipcontroller\(clusterID.isEmpty ? "" : "-\(clusterID)")"
  }
  /// The journal of the controller.
  package var journal: String { "\(profile.path)/journal-\(clusterID).db" }
  /// What else SQLite may leave of it.
  var journalParts: [String] { ["-journal", "-wal", "-shm"].map { journal + $0 } }
  /// The connection file for clients.
  package var clientConnection: ConnectionFile { connection(.client) }
  /// The connection file for engines.
  package var engineConnection: ConnectionFile { connection(.engine) }
  /// Both connection files.
  package var connections: [ConnectionFile] { [clientConnection, engineConnection] }

  private func connection(_ kind: ConnectionInfo.Kind) -> ConnectionFile {
    ConnectionFile(kind, profileDirectory: profile.path, clusterID: clusterID)
  }

  /// The cluster's name in messages: `cluster x of profile p`.
  package var name: String {
    "\(clusterID.isEmpty ? "the cluster" : "cluster \(clusterID)") of profile \(profile.name)"
  }

  /// The command-line options that select the cluster, without those that match the defaults.
  package var options: [String] {
    (isNamed && profile.name == "default" ? [] : profileOptions)
      + (clusterID.isEmpty ? [] : ["--cluster-id", clusterID])
  }

  /// The options that select only this cluster, even for commands that default to all clusters.
  var allOptions: [String] { profileOptions + ["--cluster-id", clusterID] }

  private var isNamed: Bool { profile == ProfileDirectory(name: profile.name) }

  private var profileOptions: [String] { isNamed ? ["--profile", profile.name] : ["--profile-dir", profile.path] }

  /// All clusters with any file in a profile, sorted by id.
  static func all(in profile: ProfileDirectory) -> [ClusterFiles] {
    let patterns = [
      (profile.pid, "martlet-", ".json"), (profile.pid, "martlet-", ".lock"), (profile.pid, "ipcontroller-", ".lock"),
      (profile.security, "cluster-", ".json"), (profile.log, "engines", ".json"),
    ]
    var ids: Set<String> = []
    for (folder, prefix, suffix) in patterns {
      ids.formUnion(names(in: folder).compactMap { $0.middle(between: prefix, and: suffix) })
    }
    for name in names(in: profile.security) {
      for kind in ["-client.json", "-engine.json"] {
        guard let id = name.middle(between: "ipcontroller", and: kind) else { continue }
        if id.isEmpty || id.hasPrefix("-") { ids.insert(String(id.dropFirst())) }
      }
    }
    return ids.sorted().map { ClusterFiles(clusterID: $0, profile: profile) }
  }

  private static func names(in folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }
}

extension String {
  fileprivate func middle(between prefix: String, and suffix: String) -> String? {
    guard utf8.count >= prefix.utf8.count + suffix.utf8.count, hasPrefix(prefix), hasSuffix(suffix) else { return nil }
    return String(dropFirst(prefix.count).dropLast(suffix.count))
  }
}
