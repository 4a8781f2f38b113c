import MartletWire
import Synchronization

/// A job that was submitted to Slurm.
final class SlurmJob: RunningEngines {
  /// Its number, possibly with `;` and a cluster's name, as `sbatch --parsable` gives it.
  let id: String
  let log: String
  private let launcher: SlurmLauncher
  private let last: Mutex<SlurmJobState?>
  private let watch: Mutex<Task<ExitStatus, Never>?> = Mutex(nil)

  /// How often Slurm is asked. It forgets a job minutes after its end.
  private static let interval = Duration.seconds(1)
  /// How many questions in a row may fail, because Slurm's controller is restarted.
  private static let failureLimit = 60

  private init(id: String, log: String, launcher: SlurmLauncher) {
    (self.id, self.log, self.launcher) = (id, log, launcher)
    last = Mutex(nil)
  }

  /// Submits a job.
  ///
  /// - Throws: ``OptionError`` or ``ClusterError`` with the words of `sbatch`.
  static func submit(
    _ command: ProgramCommand, environment: [String: String?], launcher: SlurmLauncher, log: String
  ) async throws -> SlurmJob {
    let output = try await CommandOutput.read(command, environment: environment)
    guard let id = output.split(whereSeparator: \.isWhitespace).last, id.first?.isNumber ?? false else {
      throw ClusterError("\(command.executable) has given no number of a job: \(output)")
    }
    let job = SlurmJob(id: String(id.prefix { $0 != ";" }), log: log, launcher: launcher)
    job.watch.withLock { $0 = Task { await job.follow() } }
    return job
  }

  var kind: String { "job \(id) of Slurm" }
  var delay: String? { last.withLock { $0?.delay } }

  var status: ExitStatus {
    get async { await watch.withLock { $0 }?.value ?? .unknown("it was not followed") }
  }

  /// Asks Slurm until the job has ended.
  private func follow() async -> ExitStatus {
    var failures = 0
    while true {
      do {
        let state = SlurmJobState(try await CommandOutput.read(launcher.question(about: id)))
        last.withLock { $0 = state }
        if let end = state?.end { return end }
        failures = state == nil ? failures + 1 : 0
      } catch {
        failures += 1
        if "\(error)".contains("Invalid job id") || failures >= Self.failureLimit { return .unknown("\(error)") }
      }
      // The task is never cancelled: a job that is to be stopped is followed to its end.
      try? await Task.sleep(for: Self.interval)
    }
  }

  func stop() async -> ExitStatus {
    try? await Self.cancel(id, launcher.deleteCommand)
    return await status
  }

  /// Cancels a job.
  ///
  /// - Throws: ``OptionError`` or ``ClusterError`` with the words of `scancel`.
  static func cancel(_ id: String, _ deleteCommand: [String]) async throws {
    var launcher = SlurmLauncher()
    launcher.deleteCommand = deleteCommand
    _ = try await CommandOutput.read(launcher.cancellation(of: id))
  }

  func entry(engines: Int) -> ClusterRecord.Entry {
    .job(.init(id: id, log: log, engines: engines, deleteCommand: launcher.deleteCommand))
  }
}
