import Foundation
import MartletWire
import MartletZeroMQ

/// The running processes of a cluster that Martlet started, as stored in its cluster file.
///
/// The record is written to two files. `security/cluster-CLUSTERID.json` is for Python. It has the keys of
/// ipyparallel's `Cluster.to_dict`, so `ipcluster list` and `Cluster.from_file` recognize the cluster; they also
/// rewrite the file. Martlet itself reads `pid/martlet-CLUSTERID.json`.
package struct ClusterRecord: Sendable, Hashable {
  /// A child process of the cluster.
  package struct Process: Sendable, Hashable {
    /// The process id.
    package var pid: Int
    /// The log file with its output.
    package var log: String
    /// The number of engines that it stands for.
    package var engines = 1
    /// The host that ssh has connected it with; `nil` if it is an engine itself, or their starter.
    package var host: String?
    /// The name of the container that it stands for; `nil` if it stands for none.
    package var container: String?
  }

  /// A job of a batch scheduler.
  package struct Job: Sendable, Hashable {
    /// The scheduler.
    package var system: BatchSystem
    /// The scheduler's number.
    package var id: String
    /// The log file with its output.
    package var log: String
    /// The number of its engines.
    package var engines: Int
    /// The command that cancels it, without the number.
    package var deleteCommand: [String]
  }

  /// What runs engines or the controller.
  package enum Entry: Sendable, Hashable {
    case process(Process)
    case job(Job)
  }

  /// The file's format version. A later version of Martlet increases it when it changes the meaning of a key.
  static let format = 1

  /// The cluster's identity and the paths of its files.
  package let files: ClusterFiles
  /// The process that holds the cluster and stops it on SIGTERM.
  package var supervisor: ProcessReference
  /// The controller; `nil` before it starts and after it ends.
  package var controller: Entry?
  /// Where ssh has started the controller; `nil` if it hasn't.
  package var controllerHost: ControllerHost?
  /// The running engines, by set and by number within the set. Empty sets are left out.
  package var engineSets: [String: [Int: Process]] = [:]
  /// The jobs with engines, by set.
  package var jobs: [String: Job] = [:]
  /// The commands of Docker's that have started containers.
  var dockerCommands: Set<[String]> = []
  /// How often engines were started again.
  package var restarts = EngineRestartCounts()
  /// The folder with its socket files, if it uses `ipc`.
  package var socketDirectory: String?

  /// A record without running processes. By default, this process holds the cluster.
  package init(files: ClusterFiles, supervisor: ProcessReference = .current) {
    self.files = files
    self.supervisor = supervisor
  }

  /// The process that is the controller or stands for it; `nil` if it is a job.
  package var controllerProcess: Process? { if case .process(let process) = controller { process } else { nil } }

  /// The job with the controller; `nil` if it is none.
  package var controllerJob: Job? { if case .job(let job) = controller { job } else { nil } }

  /// Where the controller runs, if that isn't simply this machine: `job 12 of Slurm`, `process on node1`.
  package var controllerPlace: String? {
    switch controller {
    case .job(let job): "job \(job.id) of \(job.system.title)"
    case .process(let process): process.host.map { "process on \($0)" }
    case nil: nil
    }
  }

  /// The number of running engines.
  package var engineCount: Int {
    engineSets.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.engines } }
      + jobs.values.reduce(0) { $0 + $1.engines }
  }

  /// Notes what runs engines.
  mutating func add(_ entry: Entry, set: String, number: Int) {
    switch entry {
    case .process(let process): engineSets[set, default: [:]][number] = process
    case .job(let job): jobs[set] = job
    }
  }

  /// Notes that what ran engines has ended.
  mutating func remove(set: String, number: Int) {
    jobs[set] = nil
    engineSets[set]?[number] = nil
    if engineSets[set]?.isEmpty ?? false { engineSets[set] = nil }
  }

  /// Writes both files atomically, with mode 0600.
  ///
  /// - Throws: ``OptionError`` with the path and the system's reason.
  package func write() throws(OptionError) {
    for path in [files.record, files.python] {
      do {
        try PrivateFile.write(json.bytes.data, to: path)
      } catch {
        throw OptionError("the cluster file \(path) can't be written: \(error)")
      }
    }
  }

  /// Reads a cluster's record.
  ///
  /// - Returns: `nil` when there is none.
  /// - Throws: ``StateFileProblem`` when it is unusable.
  package static func read(_ files: ClusterFiles) throws(StateFileProblem) -> ClusterRecord? {
    try StateFileProblem.reading(files.record) { json in try ClusterRecord(json: json, files: files) }
  }
}
