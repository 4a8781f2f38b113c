/// What a batch scheduler says about a job beyond its state, in its own words. It is asked for that by another command.
enum BatchJobWords {
  /// How many reasons are told.
  private static let limit = 3

  /// Why a job waits, from what the command of ``BatchLauncher/questionAboutDelay(of:)`` has printed.
  ///
  /// - Returns: `nil` if it says nothing about that.
  static func delay(_ text: String, of system: BatchSystem) -> String? {
    let reasons: [String] =
      switch system {
      case .slurm, .pbs: []
      case .sge: sgeDelay(text)
      case .lsf: lsfDelay(text)
      case .htcondor: condorDelay(text)
      }
    var told: [String] = []
    for reason in reasons where !reason.isEmpty && !told.contains(reason) { told.append(reason) }
    guard !told.isEmpty else { return nil }
    return (told.prefix(limit) + (told.count > limit ? ["and \(told.count - limit) more"] : [])).joined(separator: "; ")
  }

  /// How a job has ended, of an array as the worst of its jobs, from what the command of
  /// ``BatchLauncher/questionAboutEnd(of:)`` has printed.
  ///
  /// - Returns: `nil` if it says nothing about that.
  static func end(_ text: String, about job: String, of system: BatchSystem) -> ExitStatus? {
    let ends: [ExitStatus] =
      switch system {
      case .slurm: []
      case .pbs: [BatchJobState(text, about: job, of: .pbs)?.end].compactMap(\.self)
      case .sge: sgeEnds(text)
      case .lsf: lsfEnds(text)
      case .htcondor: text.split(whereSeparator: \.isNewline).compactMap(condorEnd)
      }
    return ends.first { $0 != .exited(0) } ?? ends.first
  }

  // MARK: - Grid Engine

  /// `qstat -j`: `name:  value` for each field, and lines that begin with a space where one goes on. Errors say more than what
  /// the scheduler thinks.
  private static func sgeDelay(_ text: String) -> [String] {
    var (errors, thoughts): ([String], [String]) = ([], [])
    var isThought = false
    for line in text.split(whereSeparator: \.isNewline) {
      var words = line.trimmed
      if line.first != " " {
        isThought = line.hasPrefix("scheduling info:")
        words = line.split(separator: ":", maxSplits: 1).dropFirst().first.map(\.trimmed) ?? ""
        // A time and the numbers of a user and a process come first, which differ between the jobs of an array.
        if line.hasPrefix("error reason") {
          errors.append(String(words.trimmingPrefix(#/\S+ \S+ \[\d+:\d+\]: (?:error: )?/#)))
        }
      }
      // In brackets it says that it doesn't tell.
      if isThought, !words.hasPrefix("(") { thoughts.append(words) }
    }
    return errors.isEmpty ? thoughts : errors
  }

  /// `qacct -j`: a record for each job of an array, with a line `name  value` for each field, after a line of `=`. A job that
  /// was run again has several, of which the last counts.
  private static func sgeEnds(_ text: String) -> [ExitStatus] {
    var records: [[Substring: String]] = []
    for line in text.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("====") { records.append([:]) }
      let parts = line.split(separator: " ", maxSplits: 1)
      if parts.count == 2, !records.isEmpty { records[records.count - 1][parts[0]] = parts[1].trimmed }
    }
    var order: [String] = []
    var ends: [String: ExitStatus] = [:]
    for record in records {
      guard let end = sgeEnd(record) else { continue }
      let task = record["taskid"] ?? ""
      if ends.updateValue(end, forKey: task) == nil { order.append(task) }
    }
    return order.compactMap { ends[$0] }
  }

  /// `failed` is 0, or a number with what Grid Engine has to say about it. A signal's name follows the exit status.
  private static func sgeEnd(_ record: [Substring: String]) -> ExitStatus? {
    guard let failed = record["failed"], let code = record["exit_status"]?.prefix(while: \.isNumber),
      let code = Int(code)
    else { return nil }
    let words = failed.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return words == "0" ? ExitStatus(ofShell: code) : .unknown("failed \(words), exit_status \(code)")
  }

  // MARK: - LSF

  /// `bjobs -l`: a paragraph for each topic. Lines are folded after 80 characters, anywhere.
  private static func lsfDelay(_ text: String) -> [String] {
    var reasons: [String] = []
    var isReason = false
    for line in unfolded(text).split(separator: "\n", omittingEmptySubsequences: false) {
      let words = line.trimmed
      if words.isEmpty { isReason = false }
      if isReason { reasons.append(words.last == ";" ? String(words.dropLast()) : words) }
      if words == "PENDING REASONS:" { isReason = true }
    }
    return reasons
  }

  private static func lsfEnds(_ text: String) -> [ExitStatus] {
    var ends: [ExitStatus] = []
    for line in unfolded(text).split(whereSeparator: \.isNewline) {
      if line.hasPrefix("Job <") { ends.append(.unknown("")) }
      guard let end = lsfEnd(line), let last = ends.indices.last else { continue }
      // A reason of LSF's outweighs the exit code that follows from it.
      if case .unknown(let words) = ends[last], words.isEmpty { ends[last] = end }
      if case .unknown = end { ends[last] = end }
    }
    return ends.filter { $0 != .unknown("") }
  }

  private static func lsfEnd(_ line: Substring) -> ExitStatus? {
    if let reason = line.firstMatch(of: #/TERM_[A-Z_]+(?:: [^.;]+)?/#) { return .unknown("EXIT (\(reason.output))") }
    if let match = line.firstMatch(of: #/Exited with exit code (\d+)/#), let code = Int(match.output.1) {
      return ExitStatus(ofShell: code)
    }
    if let match = line.firstMatch(of: #/Exited by signal (\d+)/#), let number = Int(match.output.1) {
      return .signaled(number)
    }
    return line.contains("Done successfully") ? .exited(0) : nil
  }

  private static func unfolded(_ text: String) -> String {
    text.replacing("\n" + String(repeating: " ", count: 21), with: "")
  }

  // MARK: - HTCondor

  /// `condor_q -better-analyze`: why no machine was found, and what machines there are.
  private static func condorDelay(_ text: String) -> [String] {
    var reasons: [String] = []
    var machines = ""
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.trimmed
      if let match = words.firstMatch(of: #/Reason for last match failure: (.+)/#) {
        reasons.append(String(match.output.1))
      }
      if let match = words.firstMatch(of: #/Of (\d+ machines)/#) { machines = String(match.output.1) }
      if words.firstMatch(of: #/^[1-9]\d* (are rejected|reject your job|match but)/#) != nil {
        reasons.append("of \(machines), \(words)")
      }
      if words.hasPrefix("No machines matched") { reasons.append(words) }
    }
    return reasons
  }

  /// `condor_history -af JobStatus ExitBySignal ExitCode ExitSignal RemoveReason`: a line for each job.
  private static func condorEnd(_ line: Substring) -> ExitStatus? {
    let parts = line.split(separator: " ", maxSplits: 4)
    guard parts.count == 5 else { return nil }
    let reason = parts[4].trimmed
    switch parts[0] {
    case "3": return .unknown("removed".with(reason == "undefined" ? nil : reason))
    case "4" where parts[1] == "true": return Int(parts[3]).map { .signaled($0) }
    case "4": return Int(parts[2]).map { ExitStatus(ofShell: $0) }
    default: return nil
    }
  }
}

extension String {
  /// A state with what is said about it.
  func with(_ words: String?...) -> String {
    let told = words.compactMap(\.self)
    return told.isEmpty ? self : "\(self) (\(told.joined(separator: "; ")))"
  }
}

extension Substring {
  /// Without white space at its ends.
  var trimmed: String {
    var text = drop { $0.isWhitespace }
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return String(text)
  }
}
