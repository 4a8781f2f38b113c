import MartletWire

/// ipyparallel's `cluster-CLUSTERID.json` for a cluster that `ipcluster` or `ipyparallel.Cluster` started.
struct PythonClusterFile: Sendable, Hashable {
  /// The file's content.
  let json: JSONValue
  /// The controller's process id, if it runs on this host.
  private(set) var controller: Int?
  /// The process ids of the engines on this host.
  private(set) var engines: [Int] = []
  /// The launcher of a controller that runs elsewhere, for example `ssh`. Its process ids mean nothing on this host.
  private(set) var remoteLauncher: String?
  /// Whether Martlet wrote the file alongside its own record.
  let isMartlets: Bool
  private let marks: [String]

  /// Reads a cluster's file.
  ///
  /// - Returns: `nil` when there is none.
  /// - Throws: ``StateFileProblem`` when it is unusable.
  static func read(_ files: ClusterFiles) throws(StateFileProblem) -> PythonClusterFile? {
    try StateFileProblem.reading(files.python) { json in try PythonClusterFile(json: json) }
  }

  private init(json: JSONValue) throws(OptionError) {
    self.json = json
    guard let cluster = json["cluster"], let id = cluster["cluster_id"]?.stringValue,
      let directory = cluster["profile_dir"]?.stringValue
    else { throw OptionError("'cluster' lacks 'cluster_id' or 'profile_dir'") }
    // ipyparallel's launchers set these for all processes of a cluster.
    marks = ["IPP_CLUSTER_ID=\(id)", "IPP_PROFILE_DIR=\(directory)"]
    isMartlets = json["martlet"] != nil
    if let controller = json["controller"] {
      guard let launcher = controller["class"]?.stringValue else { throw OptionError("'controller' lacks 'class'") }
      if Self.isLocal(launcher) {
        guard let pid = controller["state"]?["pid"]?.intValue else { throw OptionError("'controller' lacks 'pid'") }
        self.controller = pid
      } else {
        remoteLauncher = launcher
      }
    }
    guard let launcher = json["engines"]?["class"]?.stringValue, Self.isLocal(launcher) else { return }
    for set in (json["engines"]?["sets"]?.objectValue ?? [:]).values {
      for engine in (set["engines"]?.objectValue ?? [:]).values {
        guard let pid = engine["pid"]?.intValue else { throw OptionError("an engine lacks 'pid'") }
        engines.append(pid)
      }
    }
  }

  private static func isLocal(_ launcher: String) -> Bool {
    launcher.lowercased() == "local" || launcher.contains(".Local")
  }

  /// Whether a process exists and belongs to this cluster, and isn't a later process with the same id.
  func isRunning(_ pid: Int) -> Bool {
    guard !isMartlets, HostIdentity.current.pidNamespace != nil, ProcessTable.isAlive(pid) else { return false }
    // The environment of another user's process can't be read.
    guard let environment = ProcessTable.environment(of: pid) else { return true }
    return marks.allSatisfy { environment.contains($0[...]) }
  }

  /// The ids of the processes that are running.
  var runningProcesses: [Int] { ([controller].compactMap(\.self) + engines).filter(isRunning) }
}
