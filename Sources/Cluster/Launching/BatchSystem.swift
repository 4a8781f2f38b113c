/// A batch scheduler that engines can be jobs of: what its commands are called, and how its scripts are written.
public enum BatchSystem: String, Sendable, Hashable, CaseIterable {
  /// Slurm.
  case slurm
  /// PBS Pro, OpenPBS and Torque.
  case pbs
  /// Grid Engine.
  case sge
  /// IBM Spectrum LSF.
  case lsf
  /// HTCondor.
  case htcondor

  /// Its name in sentences.
  var title: String {
    switch self {
    case .slurm: "Slurm"
    case .pbs: "PBS"
    case .sge: "Grid Engine"
    case .lsf: "LSF"
    case .htcondor: "HTCondor"
    }
  }

  /// What the names of ipyparallel's classes for it begin with.
  var className: String {
    switch self {
    case .slurm: "Slurm"
    case .pbs, .sge, .lsf: rawValue.uppercased()
    case .htcondor: "HTCondor"
    }
  }

  /// Submits a script.
  var submitCommand: [String] {
    switch self {
    case .slurm: ["sbatch"]
    case .pbs, .sge: ["qsub"]
    case .lsf: ["bsub"]
    case .htcondor: ["condor_submit"]
    }
  }

  /// Cancels a job.
  var deleteCommand: [String] {
    switch self {
    case .slurm: ["scancel"]
    case .pbs, .sge: ["qdel"]
    case .lsf: ["bkill"]
    case .htcondor: ["condor_rm"]
    }
  }

  /// Tells a job's state.
  var stateCommand: [String] {
    switch self {
    case .slurm: ["scontrol"]
    case .pbs, .sge: ["qstat"]
    case .lsf: ["bjobs"]
    case .htcondor: ["condor_q"]
    }
  }

  /// The regular expression that finds a job's id in what ``submitCommand`` prints, in its first group if it has one.
  var jobIDPattern: String {
    switch self {
    // `sbatch --parsable` may add a semicolon and a cluster's name.
    case .slurm, .sge, .lsf: #"\d+"#
    // With the server's name, and brackets after the number of an array, as `qdel` wants it.
    case .pbs: #"\d+\S*"#
    case .htcondor: #"cluster (\d+)\."#
    }
  }

  /// The words of a command that puts a script's file or a job's id where the scheduler expects it.
  func submission(_ command: [String], of path: String) -> [String] {
    switch self {
    case .slurm: command + ["--parsable", path]
    case .pbs, .sge, .htcondor: command + [path]
    // It reads what the script says about options on its standard input only.
    case .lsf: ["sh", "-c", #"exec "$@" < "$0""#, path] + command
    }
  }

  /// What a job is.
  enum Role: Sendable, Hashable {
    /// As many engines as the script says.
    case engines
    /// One controller.
    case controller

    /// What ipyparallel calls its jobs.
    fileprivate var name: String { self == .engines ? "ipengine" : "ipcontroller" }
  }

  /// The script without a template of one's own. Lines for options are added after its first line, or for HTCondor at its end.
  func defaultTemplate(_ role: Role) -> String {
    switch self {
    case .slurm where role == .controller:
      "#!/bin/sh\n#SBATCH --export=ALL\n#SBATCH --job-name=ipcontroller-{cluster_id}\nexec {program_and_args}\n"
    case .slurm:
      // A limit that only the partition has is asked for once for all engines of the job. Without an answer there is none.
      """
      #!/bin/sh
      #SBATCH --export=ALL
      #SBATCH --job-name=ipengine-{cluster_id}
      if [ -z "$\(AllocationTime.slurmVariable)$\(AllocationTime.variable)" ]; then
        \(AllocationTime.slurmVariable)=$(SLURM_TIME_FORMAT=%s timeout 5 squeue -h -j "$SLURM_JOB_ID" -o %e 2>/dev/null)
        export \(AllocationTime.slurmVariable)
      fi
      srun {program_and_args}

      """
    case .pbs: "#!/bin/sh\n#PBS -N \(role.name)\n#PBS -V\n{program_and_args}\n"
    case .sge: "#!/bin/sh\n#$ -S /bin/sh\n#$ -N \(role.name)\n#$ -V\n{program_and_args}\n"
    case .lsf: "#!/bin/sh\n{program_and_args}\n"
    case .htcondor:
      """
      universe = vanilla
      executable = {program}
      transfer_executable = False
      arguments = "{program_args}"
      environment = "{environment}"

      """
    }
  }

  /// An option of a script.
  struct Directive: Sendable, Hashable {
    /// What the lines for options begin with; empty if it is nothing.
    private let mark: String
    /// The line that sets it.
    let line: String
    /// The option's names.
    private let names: [String]

    init(_ mark: String, _ text: String, _ names: [String]) {
      (self.mark, self.names) = (mark, names)
      line = mark.isEmpty ? text : "\(mark) \(text)"
    }

    /// Whether a script sets the option itself.
    func isIn(_ script: String) -> Bool {
      script.split(whereSeparator: \.isNewline).contains { line in
        let words = line.split(whereSeparator: \.isWhitespace)
        guard let first = words.first, mark.isEmpty || first == mark else { return false }
        let options = mark.isEmpty ? words.prefix(1) : words.dropFirst()
        let text = " " + options.joined(separator: " ") + " "
        return names.contains { name in
          // A value may follow at once: -n4, -t{n}, --ntasks=4.
          text.ranges(of: " \(name)").contains { " =[{".contains(text[$0.upperBound]) || text[$0.upperBound].isNumber }
        }
      }
    }
  }

  /// The lines for the number of engines, with `{n}`, and the log, with `{output_file}`.
  func ownDirectives(_ role: Role) -> [Directive] {
    switch self {
    case .slurm:
      [
        Directive("#SBATCH", "--ntasks={n}", ["--ntasks", "-n"]),
        Directive("#SBATCH", "--output={output_file}", ["--output", "-o"]),
      ]
    case .pbs:
      (role == .engines ? [Directive("#PBS", "-t 1-{n}", ["-t", "-J"])] : [])
        + [Directive("#PBS", "-j oe", ["-j"]), Directive("#PBS", "-o {output_file}", ["-o"])]
    case .sge:
      (role == .engines ? [Directive("#$", "-t 1-{n}", ["-t"])] : [])
        + [Directive("#$", "-j y", ["-j"]), Directive("#$", "-o {output_file}", ["-o"])]
    case .lsf:
      [
        Directive("#BSUB", role == .engines ? "-J ipengine[1-{n}]" : "-J ipcontroller", ["-J"]),
        Directive("#BSUB", "-o {output_file}", ["-o"]),
        Directive("#BSUB", "-e {output_file}", ["-e"]),
      ]
    case .htcondor:
      [
        Directive("", "output = {output_file}\(role == .engines ? ".$(Process)" : "")", ["output"]),
        Directive("", "error = {output_file}\(role == .engines ? ".$(Process)" : "")", ["error"]),
        Directive("", "log = {output_file}.log", ["log"]), Directive("", "queue {n}", ["queue"]),
      ]
    }
  }

  /// The line that keeps a job from the nodes in `{excluded}`; `nil` if the scheduler has none.
  var exclusion: Directive? {
    switch self {
    case .slurm: Directive("#SBATCH", "--exclude={excluded}", ["--exclude", "-x"])
    case .sge: Directive("#$", "-l hostname=!({excluded})", ["-l hostname", "-l h"])
    case .lsf: Directive("#BSUB", #"-R "select[{excluded}]""#, [#"-R "select"#, "-R 'select", "-R select"])
    case .htcondor: Directive("", "requirements = {excluded}", ["requirements", "Requirements"])
    case .pbs: nil
    }
  }

  /// Nodes as the line of ``exclusion`` names them.
  func excluding(_ nodes: [String]) -> String {
    switch self {
    case .slurm, .pbs: nodes.joined(separator: ",")
    case .sge: nodes.joined(separator: "|")
    case .lsf: nodes.map { "hname!='\($0)'" }.joined(separator: " && ")
    case .htcondor: nodes.map { #"Machine =!= "\#($0)""# }.joined(separator: " && ")
    }
  }

  /// The line for an option that the scheduler has; `nil` if it has none.
  func directive(_ option: BatchLauncher.Option) -> Directive? {
    switch (self, option) {
    case (.slurm, .queue): Directive("#SBATCH", "--partition={queue}", ["--partition", "-p"])
    case (.slurm, .account): Directive("#SBATCH", "--account={account}", ["--account", "-A"])
    case (.slurm, .qos): Directive("#SBATCH", "--qos={qos}", ["--qos", "-q"])
    case (.slurm, .timelimit): Directive("#SBATCH", "--time={timelimit}", ["--time", "-t"])
    case (.slurm, .options): Directive("#SBATCH", "{options}", [])
    case (.pbs, .queue): Directive("#PBS", "-q {queue}", ["-q"])
    case (.pbs, .account): Directive("#PBS", "-A {account}", ["-A"])
    case (.pbs, .qos): Directive("#PBS", "-l qos={qos}", ["-l qos"])
    case (.pbs, .timelimit): Directive("#PBS", "-l walltime={timelimit}", ["-l walltime"])
    case (.pbs, .options): Directive("#PBS", "{options}", [])
    case (.sge, .queue): Directive("#$", "-q {queue}", ["-q"])
    case (.sge, .account): Directive("#$", "-A {account}", ["-A"])
    case (.sge, .timelimit): Directive("#$", "-l h_rt={timelimit}", ["-l h_rt"])
    case (.sge, .options): Directive("#$", "{options}", [])
    case (.lsf, .queue): Directive("#BSUB", "-q {queue}", ["-q"])
    case (.lsf, .account): Directive("#BSUB", "-P {account}", ["-P"])
    case (.lsf, .timelimit): Directive("#BSUB", "-W {timelimit}", ["-W"])
    case (.lsf, .options): Directive("#BSUB", "{options}", [])
    case (.htcondor, .account): Directive("", "accounting_group = {account}", ["accounting_group"])
    case (.htcondor, .options): Directive("", "{options}", [])
    case (.sge, .qos), (.lsf, .qos), (.htcondor, .queue), (.htcondor, .qos), (.htcondor, .timelimit): nil
    }
  }
}
