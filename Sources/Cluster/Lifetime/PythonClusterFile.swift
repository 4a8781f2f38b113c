import MartletWire

/// What ipyparallel's `cluster-CLUSTERID.json` says about a cluster that `ipcluster` or `ipyparallel.Cluster` started.
struct PythonClusterFile: Sendable, Hashable {
  /// The file's content.
  let json: JSONValue
  /// The controller, when it runs on this host.
  private(set) var controller: Int?
  /// The engines that run on this host.
  private(set) var engines: [Int] = []
  /// The launcher of a controller that runs elsewhere, for example `ssh`; process ids mean nothing here then.
  private(set) var remoteLauncher: String?
  /// Whether Martlet wrote it beside a record of its own.
  let isMartlets: Bool
  private let marks: [String]

  /// Reads the file of a cluster.
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

  /// Whether a process is there and of this cluster, not a later one with its id.
  func isRunning(_ pid: Int) -> Bool {
    guard !isMartlets, HostIdentity.current.pidNamespace != nil, ProcessTable.isAlive(pid) else { return false }
    // The process of another user can't be looked into.
    guard let environment = ProcessTable.environment(of: pid) else { return true }
    return marks.allSatisfy { environment.contains($0[...]) }
  }

  /// The processes that are there.
  var runningProcesses: [Int] { ([controller].compactMap(\.self) + engines).filter(isRunning) }
}
