/// The commands that ask about a job.
extension BatchSystem {
  /// The words of the command that tells a job's state.
  func question(_ command: [String], about job: String) -> [String] {
    switch self {
    case .slurm: command + ["--oneliner", "show", "job", job]
    case .pbs: command + ["-f", job]
    // One that names a job fails when the job has ended, and doesn't say whether it runs.
    case .sge: command
    // Long names of nodes are cut short without `-w`.
    case .lsf: command + ["-noheader", "-w", job]
    case .htcondor: command + [job, "-af", "JobStatus", "RemoteHost", "HoldReason"]
    }
  }

  /// The words of the command that tells why a job waits; `nil` if its state says that.
  func questionAboutDelay(_ command: [String], of job: String) -> [String]? {
    switch self {
    case .slurm, .pbs: nil
    case .sge: command + ["-j", job]
    case .lsf: command + ["-l", job]
    case .htcondor: command + ["-better-analyze", job]
    }
  }

  /// The words of the command that tells how a job has ended, also when the scheduler has it in its records only; `nil` if its
  /// last state says that.
  func questionAboutEnd(_ command: [String], of job: String) -> [String]? {
    switch self {
    case .slurm: nil
    case .pbs: command + ["-x", "-f", job]
    case .sge: Self.beside(command, "qacct") + ["-j", job]
    case .lsf: command + ["-l", job]
    case .htcondor:
      Self.beside(command, "condor_history")
        + [job, "-af", "JobStatus", "ExitBySignal", "ExitCode", "ExitSignal", "RemoveReason"]
    }
  }

  /// The command next to another of the same scheduler's: `/opt/sge/bin/qacct` for `/opt/sge/bin/qstat`.
  private static func beside(_ command: [String], _ name: String) -> [String] {
    let folder = (command.last ?? "").split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return command.dropLast() + [(folder + [Substring(name)]).joined(separator: "/")]
  }

  /// How long it may take until the records have a job that has ended: Grid Engine writes them every 15 s.
  var recordDelay: Duration {
    switch self {
    case .sge: .seconds(20)
    case .htcondor: .seconds(5)
    case .slurm, .pbs, .lsf: .zero
    }
  }
}
