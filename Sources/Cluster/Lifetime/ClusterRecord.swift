import Foundation
import MartletWire
import MartletZeroMQ

/// A cluster file: what runs, and as which processes.
///
/// It is written twice. `security/cluster-CLUSTERID.json` is for Python: the keys are those of ipyparallel's
/// `Cluster.to_dict`, so that `ipcluster list` and `Cluster.from_file` know the cluster; they also rewrite it. What
/// Martlet itself reads is `pid/martlet-CLUSTERID.json`, which has the key `martlet` in addition.
public struct ClusterRecord: Sendable, Hashable {
  /// A process of the cluster.
  public struct Process: Sendable, Hashable {
    /// Its id.
    public var pid: Int
    /// The file with its output.
    public var log: String
  }

  /// Empty for the profile's default cluster.
  public var clusterID: String
  /// The profile.
  public var profile: ProfileDirectory
  /// The process that holds the cluster, and stops it when it gets a SIGTERM.
  public var supervisor: Int
  /// Tells that process from later ones with the same id, where the system can.
  public var supervisorMark: String?
  /// `nil` before it is started and after it has ended.
  public var controller: Process?
  /// The engines that run, by set and number within the set.
  public var engineSets: [String: [Int: Process]] = [:]
  /// The folder of its socket files, if it uses `ipc`.
  public var socketDirectory: String?

  /// A cluster of which nothing runs yet.
  public init(clusterID: String, profile: ProfileDirectory, supervisor: Int = ProcessIdentity.pid) {
    self.clusterID = clusterID
    self.profile = profile
    self.supervisor = supervisor
    supervisorMark = ProcessTable.startMark(of: supervisor)
  }

  /// Where the file is that Martlet reads.
  public var path: String { Self.path(clusterID: clusterID, profile: profile) }

  /// Where the file is that Python reads.
  public var pythonPath: String { "\(profile.security)/cluster-\(clusterID).json" }

  /// Martlet's file for a cluster of a profile.
  public static func path(clusterID: String, profile: ProfileDirectory) -> String {
    "\(profile.pid)/martlet-\(clusterID).json"
  }

  /// How many engines run.
  public var engineCount: Int { engineSets.values.reduce(0) { $0 + $1.count } }

  /// Whether the process that holds the cluster is there.
  public var isAlive: Bool { ProcessTable.isAlive(supervisor, startMark: supervisorMark) }

  /// Writes both files, mode 0600, each as a whole.
  ///
  /// - Throws: ``OptionError`` with the system's reason.
  public func write() throws(OptionError) {
    do {
      for path in [path, pythonPath] { try PrivateFile.write(json.bytes.data, to: path) }
    } catch {
      throw OptionError("the cluster file \(path) can't be written: \(error)")
    }
  }

  /// Reads a cluster file.
  ///
  /// - Returns: `nil` when there is none.
  /// - Throws: ``OptionError`` when it is unusable.
  public static func read(_ path: String) throws(OptionError) -> ClusterRecord? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    do {
      return try ClusterRecord(json: try JSONValue.parse(Bytes(Array(data))))
    } catch {
      throw OptionError("the cluster file \(path) is unusable: \(error)")
    }
  }

  /// The cluster files of a profile.
  public static func files(of profile: ProfileDirectory) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: profile.pid)) ?? []
    return names.filter { $0.hasPrefix("martlet-") && $0.hasSuffix(".json") }.sorted()
      .map { "\(profile.pid)/\($0)" }
  }

  /// The connection files of the cluster.
  public var connectionFiles: [ConnectionFile] {
    [.client, .engine].map { ConnectionFile($0, profileDirectory: profile.path, clusterID: clusterID) }
  }

  /// Removes what the cluster has on disk, logs aside.
  ///
  /// - Parameter andConnections: false where connection files are to be used again.
  public func removeFiles(andConnections: Bool = true) {
    if andConnections { for file in connectionFiles { file.remove() } }
    // Only a folder of the kind SocketDirectory makes: the path comes from a file.
    if let socketDirectory, socketDirectory.hasPrefix("/tmp/martlet-\(getuid())-"), !socketDirectory.contains("..") {
      SocketDirectory(path: socketDirectory).remove()
    }
    for path in [path, pythonPath] { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Whether a cluster that Python's ipcluster started runs under this id.
  var isPythonsAlive: Bool {
    guard !FileManager.default.fileExists(atPath: path),
      let data = FileManager.default.contents(atPath: pythonPath),
      let pid = try? JSONValue.parse(Bytes(Array(data)))["controller"]?["state"]?["pid"]?.intValue
    else { return false }
    return ProcessTable.isAlive(pid)
  }
}
