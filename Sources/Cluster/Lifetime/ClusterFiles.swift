import Foundation
import MartletWire

/// Which cluster, and where its files are.
package struct ClusterFiles: Sendable, Hashable {
  /// The profile.
  package let profile: ProfileDirectory
  /// Empty for the profile's default cluster.
  package let clusterID: String

  /// The files of a cluster, present or not.
  package init(clusterID: String, profile: ProfileDirectory) {
    self.clusterID = clusterID
    self.profile = profile
  }

  /// What Martlet reads about a cluster that Martlet started.
  package var record: String { "\(profile.pid)/martlet-\(clusterID).json" }
  /// Locked by the process that holds such a cluster.
  var lock: String { "\(profile.pid)/martlet-\(clusterID).lock" }
  /// Locked by a Martlet controller, whatever started it.
  var controllerLock: String { "\(profile.pid)/ipcontroller-\(clusterID).lock" }
  /// ipyparallel's cluster file, which Martlet writes too.
  package var python: String { "\(profile.security)/cluster-\(clusterID).json" }
  /// The engines that a controller restores.
  var engineTable: String { "\(profile.log)/engines\(clusterID).json" }
  /// For clients.
  package var clientConnection: ConnectionFile { connection(.client) }
  /// For engines.
  package var engineConnection: ConnectionFile { connection(.engine) }
  /// Both connection files.
  package var connections: [ConnectionFile] { [clientConnection, engineConnection] }

  private func connection(_ kind: ConnectionInfo.Kind) -> ConnectionFile {
    ConnectionFile(kind, profileDirectory: profile.path, clusterID: clusterID)
  }

  /// The cluster in messages: `cluster x of profile p`.
  package var name: String {
    "\(clusterID.isEmpty ? "the cluster" : "cluster \(clusterID)") of profile \(profile.name)"
  }

  /// The options that select the cluster on a command line, without those that are the default.
  package var options: [String] {
    (isNamed && profile.name == "default" ? [] : profileOptions)
      + (clusterID.isEmpty ? [] : ["--cluster-id", clusterID])
  }

  /// The options that select this cluster and no other, even where all are meant by default.
  var allOptions: [String] { profileOptions + ["--cluster-id", clusterID] }

  private var isNamed: Bool { profile == ProfileDirectory(name: profile.name) }

  private var profileOptions: [String] { isNamed ? ["--profile", profile.name] : ["--profile-dir", profile.path] }

  /// All clusters of which a profile has any file, by id.
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
