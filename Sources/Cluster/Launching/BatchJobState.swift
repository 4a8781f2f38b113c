/// What a batch scheduler says about a job.
struct BatchJobState: Sendable, Hashable {
  /// What the job waits for, in the scheduler's words; `nil` if it doesn't wait.
  var delay: String?
  /// How the job ended; `nil` if it hasn't.
  var end: ExitStatus?
  /// The node it runs or ran on, or Slurm's list of several; `nil` if the scheduler hasn't said one.
  var nodes: String?

  /// Reads what the command of ``BatchLauncher/question(about:)`` has printed.
  ///
  /// - Returns: `nil` if it says nothing about the job.
  init?(_ text: String, about job: String, of system: BatchSystem) {
    let state: BatchJobState? =
      switch system {
      case .slurm: Self.slurm(text)
      case .pbs: Self.pbs(text)
      case .sge: Self.sge(text, job)
      case .lsf: Self.lsf(text)
      case .htcondor: Self.condor(text)
      }
    guard let state else { return nil }
    self = state
  }

  private init(delay: String? = nil, end: ExitStatus? = nil, nodes: String? = nil) {
    (self.delay, self.end, self.nodes) = (delay, end, nodes)
  }

  /// The state of an array: it waits while none of its jobs runs, and has ended when all have, as the worst of them.
  private init?(of jobs: [BatchJobState]) {
    guard let first = jobs.first else { return nil }
    if jobs.allSatisfy({ $0.end != nil }) {
      self = jobs.first { $0.end != .exited(0) } ?? first
    } else {
      let open = jobs.filter { $0.end == nil }
      self.init(delay: open.allSatisfy { $0.delay != nil } ? open.first?.delay : nil)
    }
    let known = Set(jobs.compactMap(\.nodes))
    nodes = known.count == 1 ? known.first : nil
  }

  /// What is said of a job that its scheduler says nothing about any more.
  private static let gone = "it is not in the queue any more"

  /// Whether an error of the command means that the scheduler doesn't know the job any more.
  static func isUnknown(_ error: String) -> Bool {
    [gone, "Invalid job id", "Unknown Job", "has finished", "is not found"].contains { error.contains($0) }
  }

  /// The first line that `scontrol --oneliner show job` prints.
  private static func slurm(_ text: String) -> BatchJobState? {
    let fields = slurmFields(text)
    var state = slurm(fields)
    if let nodes = fields["NodeList"], !nodes.isEmpty, nodes != "(null)" { state?.nodes = String(nodes) }
    return state
  }

  private static func slurmFields(_ text: String) -> [Substring: Substring] {
    var fields: [Substring: Substring] = [:]
    for word in text.split(whereSeparator: \.isWhitespace) {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2, fields[parts[0]] == nil { fields[parts[0]] = parts[1] }
    }
    return fields
  }

  private static func slurm(_ fields: [Substring: Substring]) -> BatchJobState? {
    guard let state = fields["JobState"] else { return nil }
    let reason = fields["Reason"].flatMap { $0 == "None" ? nil : $0 }
    let words = String(state).with(reason.map(String.init))
    switch state {
    case "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SUSPENDED": return BatchJobState(delay: words)
    case "RUNNING", "COMPLETING", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED": return BatchJobState()
    case "COMPLETED": return BatchJobState(end: .exited(0))
    default:
      let exit = (fields["ExitCode"] ?? "").split(separator: ":").compactMap { Int($0) }
      let hasFailed = state == "FAILED" && reason == "NonZeroExitCode" && exit.count == 2 && exit[1] == 0
      return BatchJobState(end: hasFailed && exit[0] != 0 ? .exited(exit[0]) : .unknown(words))
    }
  }

  /// `qstat -f`: a line `    name = value` for each field, and lines that begin with a tab where a value goes on.
  private static func pbs(_ text: String) -> BatchJobState? {
    var fields: [String: String] = [:]
    for line in text.replacing("\n\t", with: "").split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { fields[parts[0].trimmed.lowercased()] = parts[1].trimmed }
    }
    guard let state = fields["job_state"] else { return nil }
    switch state {
    case "R", "E", "B": return BatchJobState()
    case "C", "F", "X":
      let end = pbsEnd(state, comment: fields["comment"], code: fields["exit_status"].flatMap { Int($0) })
      return BatchJobState(end: end)
    default: return BatchJobState(delay: state.with(fields["comment"]))
    }
  }

  /// - Parameter code: more than 256 for a signal, less than 0 for what PBS has done itself.
  private static func pbsEnd(_ state: String, comment: String?, code: Int?) -> ExitStatus {
    switch code {
    // A job that is ended for its limits may exit in order.
    case .some(let code) where (0...255).contains(code) && !(comment?.contains("exceeded") ?? false): .exited(code)
    case .some(let code) where code > 256 && comment == nil: .signaled(code - 256)
    default: .unknown(state.with(comment, code.map { "Exit_status = \($0)" }))
    }
  }

  /// `qstat`: a line for each job or range of tasks; those that have ended have none.
  private static func sge(_ text: String, _ job: String) -> BatchJobState {
    let jobs = text.split(whereSeparator: \.isNewline).compactMap { line -> BatchJobState? in
      let columns = line.split(whereSeparator: \.isWhitespace)
      guard columns.count > 4, columns[0] == job else { return nil }
      let state = columns[4]
      let isWaiting = state.contains("w") || state.contains("h") || state.contains("E")
      // What runs has its queue and its node behind its dates: `all.q@node1`.
      let queue = columns.dropFirst(5).first { $0.contains("@") }?.split(separator: "@") ?? []
      return BatchJobState(delay: isWaiting ? String(state) : nil, nodes: queue.count == 2 ? String(queue[1]) : nil)
    }
    return BatchJobState(of: jobs) ?? BatchJobState(end: .unknown(gone))
  }

  /// `bjobs -noheader -w`: a line for each job, with its state in the third column and its node, or `-`, in the sixth.
  private static func lsf(_ text: String) -> BatchJobState? {
    BatchJobState(
      of: text.split(whereSeparator: \.isNewline).compactMap { line in
        let columns = line.split(whereSeparator: \.isWhitespace)
        guard columns.count > 2, columns[0].allSatisfy(\.isNumber) else { return nil }
        // With several slots there it is `4*node1`, on several nodes `4*node1:2*node2`.
        let hosts = columns.count > 5 ? columns[5].split(separator: ":") : []
        let host = hosts.count == 1 ? hosts[0].split(separator: "*").last : nil
        let nodes = host.flatMap { $0 == "-" ? nil : String($0) }
        switch columns[2] {
        case "RUN", "USUSP", "SSUSP", "UNKWN": return BatchJobState(nodes: nodes)
        case "DONE": return BatchJobState(end: .exited(0), nodes: nodes)
        case "EXIT", "ZOMBI": return BatchJobState(end: .unknown(String(columns[2])), nodes: nodes)
        default: return BatchJobState(delay: String(columns[2]))
        }
      })
  }

  /// `condor_q -af JobStatus RemoteHost HoldReason`: a line for each job; those that have ended have none.
  private static func condor(_ text: String) -> BatchJobState {
    let jobs = text.split(whereSeparator: \.isNewline).compactMap { line -> BatchJobState? in
      let parts = line.split(separator: " ", maxSplits: 2)
      // `slot1@node1`, or `undefined` before it runs.
      let slot = parts.count > 1 ? parts[1].split(separator: "@") : []
      switch parts.first {
      case "1": return BatchJobState(delay: "idle")
      case "2", "6", "7": return BatchJobState(nodes: slot.count == 2 ? String(slot[1]) : nil)
      case "3": return BatchJobState(end: .unknown("removed"))
      case "4": return BatchJobState(end: .exited(0))
      case "5": return BatchJobState(delay: "held".with(parts.count > 2 ? parts[2].trimmed : nil))
      default: return nil
      }
    }
    return BatchJobState(of: jobs) ?? BatchJobState(end: .unknown(gone))
  }
}
