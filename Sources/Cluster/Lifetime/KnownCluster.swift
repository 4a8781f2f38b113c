import MartletWire

/// A cluster as its files and processes show it, whatever started it.
package struct KnownCluster: Sendable, Hashable {
  /// What started a cluster.
  package enum Origin: Sendable, Hashable {
    /// `martlet start`, a ``Cluster``.
    case martlet
    /// `ipcluster`, or `ipyparallel.Cluster` in a program.
    case ipyparallel
    /// A controller started on its own.
    case controller
  }

  /// The cluster's identity and the paths of its files.
  package let files: ClusterFiles
  /// Whether it goes on without the process that held it, because a batch scheduler runs the controller.
  package internal(set) var isOrphaned = false
  /// What started it.
  package internal(set) var origin = Origin.controller
  /// Whether it runs.
  package internal(set) var liveness = Liveness.ended
  /// The process that holds it: Martlet's supervisor or the controller; `nil` if no file names it.
  package internal(set) var process: ProcessReference?
  /// The cluster file, if Martlet started it.
  package internal(set) var record: ClusterRecord?
  /// ipyparallel's cluster file.
  var python: PythonClusterFile?
  /// Files that can't be used.
  package internal(set) var problems: [StateFileProblem] = []
  /// Whether there are files other than connection files, which `--reuse` keeps, and the engine table.
  var hasClusterFiles = false

  init(files: ClusterFiles) { self.files = files }

  /// The number of running engine processes; `nil` if the files don't say.
  package var engineCount: Int? {
    switch (liveness, origin) {
    case (.ended, _): 0
    case (_, .martlet): record?.engineCount
    case (_, .ipyparallel): python.map { file in file.engines.count(where: file.isRunning) }
    case (_, .controller): nil
    }
  }

  /// The host of the process that holds it, if known.
  package var host: String? {
    if case .unknown(let host) = liveness { return host }
    return process?.host.name
  }

  /// The cluster file's content, with the findings about the cluster under the key `martlet`.
  package var json: JSONValue {
    var fields =
      (record?.json ?? python?.json)?.objectValue ?? [
        "cluster": ["cluster_id": .string(files.clusterID), "profile_dir": .string(files.profile.path)]
      ]
    var martlet = fields["martlet"]?.objectValue ?? process?.fields ?? [:]
    martlet["state"] = .string(liveness.description)
    if !problems.isEmpty { martlet["problems"] = .array(problems.map { .string("\($0)") }) }
    fields["martlet"] = .object(martlet)
    return .object(fields)
  }
}
