import Foundation
import MartletWire

/// The clusters of some profiles, whatever started them. No other type decides which clusters are running.
package struct ClusterCatalog: Sendable, Hashable {
  /// The result of ``clean(force:clusterID:)``.
  package struct Cleaning: Sendable, Hashable {
    /// The removed paths.
    package var removed: [String] = []
    /// Why other paths were kept, in one line each.
    package var kept: [String] = []
  }

  /// The profiles to search.
  package let profiles: [ProfileDirectory]

  /// A catalog of profiles; by default, all profiles in `$IPYTHONDIR`.
  package init(profiles: [ProfileDirectory] = ProfileDirectory.all()) { self.profiles = profiles }

  /// All clusters, running or not, by profile and id. Connection files alone don't count as a cluster, unless a
  /// controller may be using them.
  package var clusters: [KnownCluster] {
    profiles.flatMap(ClusterFiles.all).compactMap { KnownCluster.look(at: $0) }
      .filter { $0.hasClusterFiles || $0.liveness != .ended }
  }

  /// A cluster of a profile, running or not.
  ///
  /// - Returns: `nil` when it has no files.
  package static func cluster(_ clusterID: String, in profile: ProfileDirectory) -> KnownCluster? {
    KnownCluster.look(at: ClusterFiles(clusterID: clusterID, profile: profile))
  }

  /// A running cluster, as far as this process can tell.
  ///
  /// - Parameter orUnknown: whether a cluster that may run elsewhere counts.
  /// - Throws: ``ClusterError`` when no cluster with that id is running, or when that can't be determined.
  package static func running(
    _ clusterID: String, in profile: ProfileDirectory, orUnknown: Bool = false
  ) throws(ClusterError) -> KnownCluster {
    guard let cluster = cluster(clusterID, in: profile), cluster.liveness != .ended else {
      let files = ClusterFiles(clusterID: clusterID, profile: profile)
      throw ClusterError.notRunning(files, problems: Self.cluster(clusterID, in: profile)?.problems ?? [])
    }
    guard cluster.liveness == .running || cluster.isOrphaned || orUnknown else { throw ClusterError.unknown(cluster) }
    return cluster
  }

  /// Cancels the jobs and removes the containers that dead clusters left behind, before ``clean(force:clusterID:)`` removes the files that name them.
  ///
  /// - Returns: what the scheduler or Docker said where it did not work; such a job may have ended.
  package func endLeftovers(clusterID: String? = nil) async -> [String] {
    var problems: [String] = []
    for cluster in clusters where clusterID == nil || cluster.files.clusterID == clusterID {
      do {
        try await cluster.endLeftovers()
      } catch {
        problems.append("what \(cluster.files.name) has left running was not ended: \(error)")
      }
    }
    return problems
  }

  /// Removes what dead clusters left behind: cluster files and locks with their connection files, connection files
  /// whose sockets are gone, unusable files, and socket folders. Connection files for `tcp` alone stay unless forced,
  /// because a controller may reuse them.
  ///
  /// - Parameters:
  ///   - force: also removes the files of clusters that run, or may run elsewhere, and all connection files.
  ///   - clusterID: the only cluster of each profile to clean up after; `nil` for all.
  package func clean(force: Bool = false, clusterID: String? = nil) -> Cleaning {
    var result = Cleaning()
    for files in profiles.flatMap(ClusterFiles.all) where clusterID == nil || files.clusterID == clusterID {
      let cleaning = Self.clean(files, force: force)
      result.removed += cleaning.removed
      result.kept += cleaning.kept
    }
    for profile in profiles {
      var unfinished: (removed: [String], failed: [StateFileProblem]) = ([], [])
      ClusterFiles.removeUnfinished(in: profile, &unfinished)
      result.removed += unfinished.removed
      result.kept += unfinished.failed.map { "\($0)" }
    }
    result.removed += SocketDirectory.removeStale()
    return result
  }

  /// Removes what one cluster left behind.
  static func clean(_ files: ClusterFiles, force: Bool) -> Cleaning {
    var result = Cleaning()
    // The lock keeps the cluster from being started while its files are removed.
    var lock: LockFile?
    var state = LockFile.state(of: files.lock)
    if state == .free || state == .missing {
      do {
        lock = try LockFile.acquire(files.lock)
        state = lock?.previousState ?? .held
      } catch {
        // Without a folder, there is no lock.
        state = LockFile.state(of: files.lock)
      }
    }
    let found = KnownCluster.look(at: files, lock: state)
    guard let cluster = found, cluster.liveness == .ended || force else {
      if state == .missing { lock.take()?.remove() }
      if case .unknown(let host)? = found?.liveness {
        let job = found?.isOrphaned ?? false ? found?.record?.controllerJob : nil
        let advice =
          job.map { "martlet stop cancels job \($0.id) of \($0.system.title) with its controller" }
          ?? "--force removes them"
        result.kept.append("the files of \(files.name) stay: it may run on host \(host); \(advice)")
      }
      return result
    }
    let problems = Set(cluster.problems.map(\.path))
    let connections = files.connections.filter { file in
      force || cluster.hasClusterFiles || problems.contains(file.path) || (try? file.read())?.transport == "ipc"
    }
    var outcome = files.remove(socketDirectory: cluster.record?.socketDirectory, connections: connections)
    if problems.contains(files.engineTable) { ClusterFiles.remove(files.engineTable, &outcome) }
    if state != .missing { ClusterFiles.remove(files.lock, &outcome) }
    lock.take()?.remove()
    result.removed = outcome.removed
    result.kept = outcome.failed.map { "\($0)" }
    return result
  }
}
