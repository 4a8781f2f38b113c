import MartletWire

/// Engines in one job of the batch scheduler Slurm. The options have ipyparallel's names.
///
/// The engines read the connection file, so the profile has to be in a folder that the nodes share with this machine.
public struct SlurmLauncher: Sendable, Hashable {
  /// The partition.
  public var queue: String?
  /// The account that pays.
  public var account: String?
  /// The quality of service.
  public var qos: String?
  /// The job's longest time, in any of Slurm's notations.
  public var timelimit: String?
  /// Further options for `sbatch`, for example `--mem-per-cpu=4G --gres=gpu:1`.
  public var options: String?
  /// The script, with fields in braces; `nil` for ``defaultTemplate`` with a line for each option.
  public var template: String?
  /// Further fields of the template.
  public var namespace: [String: String] = [:]
  /// The command that submits a script, `sbatch`.
  public var submitCommand = ["sbatch"]
  /// The command that cancels a job, `scancel`.
  public var deleteCommand = ["scancel"]
  /// The command that tells a job's state, `scontrol`.
  public var stateCommand = ["scontrol"]

  /// A job in the default partition.
  public init() {}

  /// The script without a template of one's own: ipyparallel's.
  public static let defaultTemplate = """
    #!/bin/sh
    #SBATCH --export=ALL
    #SBATCH --job-name=ipengine-{cluster_id}
    srun {program_and_args}

    """

  /// The script of a job.
  ///
  /// - Throws: ``OptionError`` when the template has an unknown field or a stray brace.
  func script(
    count: Int, running program: ProgramCommand, context: LaunchContext, log: String
  ) throws(OptionError) -> String {
    let text = template ?? Self.defaultTemplate
    let fields = [
      "n": "\(count)", "queue": queue ?? "", "account": account ?? "", "qos": qos ?? "", "timelimit": timelimit ?? "",
      "options": options ?? "", "cluster_id": context.clusterID, "profile_dir": context.profile.path,
      "output_file": log, "program": [program.executable].shellCommand,
      "program_args": program.arguments.shellCommand,
      "program_and_args": ([program.executable] + program.arguments).shellCommand,
    ].merging(namespace) { $1 }
    guard template == nil else { return try BatchTemplate.fill(text, fields) }
    var lines = try BatchTemplate.fill(text, fields).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    let given: KeyValuePairs<String, String?> = [
      "ntasks": "\(count)", "partition": queue, "account": account, "qos": qos, "time": timelimit, "output": log,
    ]
    let added = given.compactMap { name, value in value.map { "#SBATCH --\(name)=\($0)" } }
    lines.insert(contentsOf: added + (options.map { ["#SBATCH \($0)"] } ?? []), at: 1)
    return lines.joined(separator: "\n")
  }

  func submission(of path: String) -> ProgramCommand { Self.command(submitCommand + ["--parsable", path]) }

  func cancellation(of job: String) -> ProgramCommand { Self.command(deleteCommand + [job]) }

  func question(about job: String) -> ProgramCommand {
    Self.command(stateCommand + ["--oneliner", "show", "job", job])
  }

  private static func command(_ words: [String]) -> ProgramCommand {
    ProgramCommand(executable: words[0], arguments: Array(words.dropFirst()))
  }
}

/// Batch scripts with fields in braces, as Python's `str.format` fills them.
enum BatchTemplate {
  /// The text with its fields filled; `{{` and `}}` stand for braces.
  ///
  /// - Throws: ``OptionError`` that names an unknown field or the line of a stray brace.
  static func fill(_ template: String, _ fields: [String: String]) throws(OptionError) -> String {
    var filled = ""
    var line = 1
    var rest = Substring(template)
    while let character = rest.popFirst() {
      if character == "\n" { line += 1 }
      guard character == "{" || character == "}" else {
        filled.append(character)
        continue
      }
      if rest.first == character {
        filled.append(character)
        rest.removeFirst()
        continue
      }
      guard character == "{", let end = rest.firstIndex(of: "}") else {
        throw OptionError("batch_template, line \(line): a single '\(character)', write it twice to mean a brace")
      }
      let name = String(rest[..<end])
      guard let value = fields[name] else {
        let known = fields.keys.sorted().joined(separator: ", ")
        throw OptionError(
          "batch_template, line \(line): there is no field {\(name)}, fields are \(known); braces of the shell are "
            + "written twice")
      }
      filled += value
      rest = rest[rest.index(after: end)...]
    }
    return filled
  }
}
