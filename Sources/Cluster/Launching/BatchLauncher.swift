import MartletWire

/// Engines in one job of a batch scheduler. The options have ipyparallel's names.
///
/// The engines read the connection file, so the profile has to be in a folder that the nodes share with this machine.
public struct BatchLauncher: Sendable, Hashable {
  /// The scheduler.
  public var system: BatchSystem
  /// The queue, or Slurm's partition.
  public var queue: String?
  /// The account that pays.
  public var account: String?
  /// The quality of service.
  public var qos: String?
  /// The job's longest time, in a notation of the scheduler's.
  public var timelimit: String?
  /// Further options in the script, for example `--mem-per-cpu=4G --gres=gpu:1`.
  public var options: String?
  /// The script, with fields in braces; `nil` for one that suits the scheduler. Lines for options that it doesn't set are added.
  public var template: String?
  /// Further fields of the template.
  public var namespace: [String: String] = [:]
  /// The command that submits a script.
  public var submitCommand: [String]
  /// The command that cancels a job.
  public var deleteCommand: [String]
  /// The command that tells a job's state.
  public var stateCommand: [String]
  /// The regular expression that finds a job's id in what ``submitCommand`` prints.
  public var jobIDPattern: String
  /// Which group of ``jobIDPattern`` is the id; `nil` for the first, or all of it if there is none.
  public var jobIDGroup: Int?
  /// How long the scheduler's commands may take.
  var patience: Patience
  /// Nodes on which the job is not to run, where the scheduler has an option for that.
  var excludedNodes: [String] = []

  /// A job in the scheduler's default queue.
  public init(_ system: BatchSystem) {
    self.system = system
    submitCommand = system.submitCommand
    deleteCommand = system.deleteCommand
    stateCommand = system.stateCommand
    jobIDPattern = system.jobIDPattern
    patience = Patience(records: system.recordDelay)
  }

  /// How long the scheduler's commands may take.
  struct Patience: Sendable, Hashable {
    /// What tells a job's state.
    var state = Duration.seconds(60)
    /// What tells more about it.
    var words = Duration.seconds(10)
    /// How long its records may lack a job that has ended.
    var records: Duration
  }

  /// An option that becomes a line of the script.
  enum Option: String, Sendable, Hashable, CaseIterable {
    case queue, account, qos, timelimit, options
  }

  private func value(_ option: Option) -> String? {
    switch option {
    case .queue: queue
    case .account: account
    case .qos: qos
    case .timelimit: timelimit
    case .options: options
    }
  }

  /// The script of a job.
  ///
  /// - Parameter environment: variables that have to reach what it runs.
  /// - Throws: ``OptionError`` when the template has an unknown field or a stray brace, or the scheduler lacks an option.
  func script(
    _ role: BatchSystem.Role, count: Int, running program: ProgramCommand, environment: [String: String],
    context: LaunchContext, log: String
  ) throws(OptionError) -> String {
    var options: [BatchSystem.Directive] = []
    for option in Option.allCases where value(option) != nil {
      guard let directive = system.directive(option) else {
        throw OptionError("\(system.title) has no \(option.rawValue); its own options go into 'options'")
      }
      options.append(directive)
    }
    if !excludedNodes.isEmpty, let exclusion = system.exclusion { options.append(exclusion) }
    // HTCondor's last line has to be `queue`.
    let own = system.ownDirectives(role)
    let directives = system == .htcondor ? options + own : own + options
    // Later lines win with some schedulers, so what a template says itself is not said again.
    let added = directives.filter { !$0.isIn(template ?? "") }.map(\.line).joined(separator: "\n")
    var variables = environment
    if system == .htcondor, role == .engines { variables["MARTLET_ENGINE_RANK"] = "$(Process)" }
    let fields = fields(count, program, variables, context, log).merging(namespace) { $1 }
    let script = try BatchTemplate.fill(template ?? system.defaultTemplate(role), fields)
    return Self.insert(try BatchTemplate.fill(added, fields), into: script, of: system)
  }

  private func fields(
    _ count: Int, _ program: ProgramCommand, _ environment: [String: String], _ context: LaunchContext, _ log: String
  ) -> [String: String] {
    let isCondor = system == .htcondor
    return [
      "n": "\(count)", "queue": queue ?? "", "account": account ?? "", "qos": qos ?? "", "timelimit": timelimit ?? "",
      "options": options ?? "", "excluded": system.excluding(excludedNodes),
      "cluster_id": context.clusterID, "profile_dir": context.profile.path,
      "output_file": log, "program": isCondor ? program.executable : [program.executable].shellCommand,
      "program_args": isCondor ? Self.condorWords(program.arguments) : program.arguments.shellCommand,
      "program_and_args": ([program.executable] + program.arguments).shellCommand,
      "environment": Self.condorWords(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }),
    ]
  }

  /// Adds lines after the first line; in HTCondor's files, where `queue` has to be the last, at the end.
  private static func insert(_ added: String, into script: String, of system: BatchSystem) -> String {
    guard !added.isEmpty else { return script }
    if system == .htcondor { return "\(script)\n\(added)\n" }
    let lines = script.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    return ([lines[0], Substring(added)] + lines.dropFirst()).joined(separator: "\n")
  }

  /// Words as HTCondor reads them between double quotes: apart from each other by spaces, with quotes doubled.
  private static func condorWords(_ words: [String]) -> String {
    words.map { word in
      let escaped = word.map { $0 == "\"" ? "\"\"" : $0 == "'" ? "''" : String($0) }.joined()
      return word.isEmpty || word.contains { $0.isWhitespace || $0 == "'" } ? "'\(escaped)'" : escaped
    }.joined(separator: " ")
  }

  func submission(of path: String) -> ProgramCommand { Self.command(system.submission(submitCommand, of: path)) }

  /// The command that cancels a job.
  ///
  /// - Parameter ifWaiting: not if it has begun, where the scheduler's command can tell that.
  func cancellation(of job: String, ifWaiting: Bool = false) -> ProgramCommand {
    let condition = ifWaiting && system == .slurm && deleteCommand == system.deleteCommand ? ["--state=PENDING"] : []
    return Self.command(deleteCommand + condition + [job])
  }

  func question(about job: String) -> ProgramCommand { Self.command(system.question(stateCommand, about: job)) }

  func questionAboutDelay(of job: String) -> ProgramCommand? {
    system.questionAboutDelay(stateCommand, of: job).map(Self.command)
  }

  func questionAboutEnd(of job: String) -> ProgramCommand? {
    system.questionAboutEnd(stateCommand, of: job).map(Self.command)
  }

  /// The id of a job in what the scheduler has said to its submission; `nil` if there is none.
  ///
  /// - Throws: ``OptionError`` if the pattern is not a regular expression.
  func jobID(in output: String) throws(OptionError) -> String? {
    let pattern: Regex<AnyRegexOutput>
    do {
      pattern = try Regex(jobIDPattern)
    } catch {
      throw OptionError("\(system.className)Launcher.job_id_regexp: \(error)")
    }
    guard let match = try? pattern.firstMatch(in: output) else { return nil }
    let group = jobIDGroup ?? min(1, match.output.count - 1)
    guard match.output.indices.contains(group), let text = match.output[group].substring else { return nil }
    return String(text)
  }

  private static func command(_ words: [String]) -> ProgramCommand {
    ProgramCommand(executable: words[0], arguments: Array(words.dropFirst()))
  }
}
