import Foundation

/// How much time is left of the job that a process runs in.
enum AllocationTime {
  /// The variable in which whoever submits a job says how many seconds it may take, from the start of its engines.
  static let variable = "MARTLET_JOB_SECONDS"

  /// The variable in which Slurm says when a job ends at the latest, in seconds since 1970. Older
  /// versions, such as 22.05, don't; the script of a job then asks for it.
  static let slurmVariable = "SLURM_JOB_END_TIME"

  /// Reads what the environment says. Slurm's own word, which knows when the job began, comes first.
  ///
  /// - Returns: `nil` if it says nothing that can be used.
  static func left(_ environment: [String: String], at now: Date) -> Duration? {
    if let end = environment[slurmVariable].flatMap({ Double($0) }), end.isFinite {
      let left = end - now.timeIntervalSince1970
      // A job that is past its end may be one that is let run on, and one that ends in a year has no limit.
      return left > 0 && left < longest ? .seconds(left) : nil
    }
    let seconds = environment[variable].flatMap { Double($0) } ?? 0
    return seconds > 0 && seconds < longest ? .seconds(seconds) : nil
  }

  private static let longest = 360.0 * 86_400
}
