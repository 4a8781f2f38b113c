import Foundation
import MartletWire
import MartletZeroMQ

/// What runs of a cluster that Martlet started, as its cluster file says.
///
/// The file is written twice. `security/cluster-CLUSTERID.json` is for Python: its keys are those of ipyparallel's
/// `Cluster.to_dict`, so `ipcluster list` and `Cluster.from_file` know the cluster; they also rewrite it. Martlet itself
/// reads `pid/martlet-CLUSTERID.json`.
package struct ClusterRecord: Sendable, Hashable {
  /// A child process of the cluster.
  package struct Process: Sendable, Hashable {
    /// Its id.
    package var pid: Int
    /// The file with its output.
    package var log: String
  }

  /// The format of the file. A later version of Martlet that changes the meaning of a key raises it.
  static let format = 1

  /// Which cluster, and where its files are.
  package let files: ClusterFiles
  /// The process that holds the cluster and stops it on SIGTERM.
  package var supervisor: ProcessReference
  /// `nil` before it is started and after it has ended.
  package var controller: Process?
  /// The engines that run, by set and number within the set; a set without engines is left out.
  package var engineSets: [String: [Int: Process]] = [:]
  /// The folder of its socket files, if it uses `ipc`.
  package var socketDirectory: String?

  /// A cluster of which nothing runs yet, held by this process.
  package init(files: ClusterFiles, supervisor: ProcessReference = .current) {
    self.files = files
    self.supervisor = supervisor
  }

  /// How many engines run.
  package var engineCount: Int { engineSets.values.reduce(0) { $0 + $1.count } }

  /// Writes both files, mode 0600, each as a whole.
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

  /// Reads the cluster file of a cluster.
  ///
  /// - Returns: `nil` when there is none.
  /// - Throws: ``StateFileProblem`` when it is unusable.
  package static func read(_ files: ClusterFiles) throws(StateFileProblem) -> ClusterRecord? {
    try StateFileProblem.reading(files.record) { json in try ClusterRecord(json: json, files: files) }
  }
}
