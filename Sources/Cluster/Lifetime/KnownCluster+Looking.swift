import MartletWire
import MartletZeroMQ

extension KnownCluster {
  /// Determines a cluster's state from its files and processes.
  ///
  /// - Parameter lock: the state of its lock before the caller took it; `nil` if the caller doesn't hold it.
  /// - Returns: `nil` when it has no files.
  static func look(at files: ClusterFiles, lock: LockFile.State? = nil) -> KnownCluster? {
    var cluster = KnownCluster(files: files)
    cluster.record = cluster.reading { () throws(StateFileProblem) in try ClusterRecord.read(files) }
    cluster.python = cluster.reading { () throws(StateFileProblem) in try PythonClusterFile.read(files) }
    let lock = lock ?? LockFile.state(of: files.lock)
    let controllerLock = LockFile.state(of: files.controllerLock)
    let holder = cluster.holder(of: files.lock, state: lock)
    let supervisor = cluster.record?.supervisor ?? holder
    let controller = cluster.holder(of: files.controllerLock, state: controllerLock)
    let connection = cluster.readConnections()
    cluster.checkEngineTable()

    let isMartlets =
      lock != .missing || cluster.record != nil || cluster.problems.contains { $0.path == files.record }
    cluster.hasClusterFiles =
      isMartlets || controllerLock != .missing || cluster.python != nil
      || cluster.problems.contains { $0.path == files.python }
    guard cluster.hasClusterFiles || files.connections.contains(where: \.exists) || !cluster.problems.isEmpty
    else { return nil }

    var supervision = Liveness.judge(supervisor, lock: lock)
    if supervision == .ended, cluster.problems.contains(where: \.isNewer), lock == .missing {
      supervision = .unknown(host: HostIdentity.current.name)
    }
    let control = Liveness.judge(controller, lock: controllerLock)
    cluster.liveness = supervision.or(control).or(cluster.livenessOfOthers(connection, hasLock: isMartlets))
    if isMartlets, supervision != .ended || control == .ended {
      cluster.origin = .martlet
      cluster.process = supervisor
    } else {
      cluster.origin = cluster.python.map { !$0.isMartlets } ?? false ? .ipyparallel : .controller
      cluster.process = controller ?? cluster.python?.controller.map { ProcessReference(pid: $0) }
    }
    cluster.isOrphaned =
      isMartlets && supervision == .ended && cluster.liveness != .ended && cluster.record?.controllerJob != nil
    return cluster
  }

  private mutating func reading<Content>(_ read: () throws(StateFileProblem) -> Content?) -> Content? {
    do {
      return try read()
    } catch {
      problems.append(error)
      return nil
    }
  }

  private mutating func holder(of path: String, state: LockFile.State) -> ProcessReference? {
    do {
      return try LockFile.holder(path)
    } catch {
      // A process that has just created or taken the lock may not have written its name yet.
      if state != .held, state != .missing { problems.append(StateFileProblem(path: path, reason: error.reason)) }
      return nil
    }
  }

  private mutating func readConnections() -> ConnectionInfo? {
    let infos = files.connections.map { file in
      reading { () throws(StateFileProblem) in
        try StateFileProblem.reading(file.path) { json in try ConnectionInfo(json: json) }
      }
    }
    return infos.compactMap(\.self).first
  }

  private mutating func checkEngineTable() {
    let path = files.engineTable
    _ = reading { () throws(StateFileProblem) in
      try StateFileProblem.reading(path) { json in
        guard let engines = json["engines"]?.objectValue, engines.values.allSatisfy({ $0.stringValue != nil }),
          json["next_id"]?.intValue != nil
        else { throw OptionError("'engines' or 'next_id' is missing or of the wrong type") }
      }
    }
  }

  /// Whether a controller's location means this host.
  private static func isLocal(_ location: String) -> Bool {
    location.isEmpty || location == ProcessIdentity.hostName || location == "localhost" || location.hasPrefix("127.")
  }

  /// Judges a controller that isn't Martlet's and holds no lock: by its process, or else by its address.
  private func livenessOfOthers(_ connection: ConnectionInfo?, hasLock: Bool) -> Liveness {
    if let python, let pid = python.controller, python.isRunning(pid) { return .running }
    // Another program may have reused the address. If there is a lock, the address proves nothing.
    if !hasLock, let connection {
      let isHere = Self.isLocal(connection.location)
      if isHere || connection.transport == "ipc", let endpoint = try? connection.endpoint(.registration),
        EndpointProbe.answers(endpoint)
      {
        return .running
      }
      if !isHere { return .unknown(host: connection.location) }
    }
    if let python, !python.isMartlets, let launcher = python.remoteLauncher {
      return .unknown(host: "of its launcher \(launcher)")
    }
    return .ended
  }
}
