/// What Slurm says about a job.
struct SlurmJobState: Sendable, Hashable {
  /// `PENDING`, `RUNNING`, `COMPLETED`, `TIMEOUT`, …
  let state: String
  /// Why it is in that state; `nil` where Slurm gives no reason.
  let reason: String?
  /// The exit code and the signal of its script, `0:0`.
  let exitCode: String?

  /// Reads the line that `scontrol --oneliner show job` prints for a job.
  ///
  /// - Returns: `nil` when it has none.
  init?(_ text: String) {
    var fields: [Substring: Substring] = [:]
    for word in text.split(whereSeparator: \.isWhitespace) {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2, fields[parts[0]] == nil { fields[parts[0]] = parts[1] }
    }
    guard let state = fields["JobState"] else { return nil }
    self.state = String(state)
    reason = fields["Reason"].flatMap { $0 == "None" ? nil : String($0) }
    exitCode = fields["ExitCode"].map(String.init)
  }

  private static let waiting: Set = ["PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SUSPENDED"]
  private static let running: Set = ["RUNNING", "COMPLETING", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED"]

  /// What the job waits for; `nil` if it doesn't.
  var delay: String? { Self.waiting.contains(state) ? words : nil }

  /// How the job ended; `nil` if it hasn't.
  var end: ExitStatus? {
    if Self.waiting.contains(state) || Self.running.contains(state) { return nil }
    let parts = (exitCode ?? "").split(separator: ":").compactMap { Int($0) }
    if state == "COMPLETED" { return .exited(0) }
    if state == "FAILED", parts.count == 2, parts[1] == 0, parts[0] != 0, reason == "NonZeroExitCode" {
      return .exited(parts[0])
    }
    return .unknown(words)
  }

  /// Slurm's own words: `TIMEOUT (TimeLimit)`.
  var words: String { reason.map { "\(state) (\($0))" } ?? state }
}
