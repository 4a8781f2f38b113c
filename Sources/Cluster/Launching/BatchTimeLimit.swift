/// The time that a job may take, as its script says it.
extension BatchSystem {
  /// Finds the time limit among a script's options; of several the shortest, since schedulers differ in which one counts.
  ///
  /// - Returns: `nil` if there is none, or none that can be read.
  func timeLimit(in script: String) -> Duration? {
    guard let (mark, option) = timeOption else { return nil }
    var found: [Duration] = []
    for line in script.split(whereSeparator: \.isNewline) where line.hasPrefix(mark) {
      found += line.dropFirst(mark.count).matches(of: option).compactMap { duration(String($0.output.1)) }
    }
    return found.min()
  }

  /// What lines with options begin with, and the option with its value.
  private var timeOption: (mark: String, Regex<(Substring, Substring)>)? {
    switch self {
    case .slurm: ("#SBATCH", #/\s(?:--time[=\s]|-t)\s*([0-9:\-]+)/#)
    case .pbs: ("#PBS", #/\bwalltime=([0-9:]+)/#)
    case .sge: ("#$", #/\bh_rt=([0-9:]+)/#)
    case .lsf: ("#BSUB", #/\s-W\s*([0-9:]+)/#)
    case .htcondor: nil
    }
  }

  /// Reads the notation of a scheduler.
  private func duration(_ text: String) -> Duration? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard let clock = parts.last, parts.count <= 2 else { return nil }
    let numbers = clock.split(separator: ":").map { Int($0) }
    let known = numbers.compactMap(\.self)
    guard known.count == numbers.count, (1...3).contains(known.count), known.allSatisfy({ $0 <= 1_000_000_000 }) else {
      return nil
    }
    // What the last number counts, in seconds.
    let unit: Int
    switch self {
    case .pbs, .sge, .htcondor: unit = 1
    case .lsf: unit = 60
    case .slurm: unit = parts.count == 2 ? [3600, 60, 1][known.count - 1] : known.count == 1 ? 60 : 1
    }
    var seconds = known.reduce(0) { $0 * 60 + $1 } * unit
    if parts.count == 2 {
      guard let days = Int(parts[0]), days <= 100_000 else { return nil }
      seconds += days * 86_400
    }
    return seconds > 0 ? .seconds(seconds) : nil
  }
}
