import Testing

@testable import MartletCluster

@Suite struct BatchLauncherTests {
  private func script(
    _ system: BatchSystem = .slurm, _ change: (inout BatchLauncher) -> Void = { _ in }
  ) throws -> String {
    var launcher = BatchLauncher(system)
    change(&launcher)
    let context = LaunchContext(
      profile: ProfileDirectory(path: "/p"), clusterID: "c", set: "1", program: ProgramCommand(executable: "/my m"),
      arguments: [])
    let launch = try EngineGroup(.batch(launcher), count: 4).launch(0, in: context) { "ID" }
    let file = "/p/log/ipengine-c-1.\(system == .slurm ? "sbatch" : system.rawValue)"
    #expect(launch.script?.path == file)
    switch system {
    case .slurm: #expect(launch.command.arguments == ["--parsable", file])
    case .lsf: #expect(launch.command.arguments == ["-c", #"exec "$@" < "$0""#, file, "bsub"])
    case .pbs, .sge, .htcondor: #expect(launch.command.arguments == [file])
    }
    #expect(launch.uuids == ["ID-0", "ID-1", "ID-2", "ID-3"])
    return try #require(launch.script).text
  }

  @Test func scriptWithoutOptions() throws {
    #expect(
      try script() == """
        #!/bin/sh
        #SBATCH --ntasks=4
        #SBATCH --output=/p/log/ipengine-c-1-0.log
        #SBATCH --export=ALL
        #SBATCH --job-name=ipengine-c
        if [ -z "$SLURM_JOB_END_TIME$MARTLET_JOB_SECONDS" ]; then
          SLURM_JOB_END_TIME=$(SLURM_TIME_FORMAT=%s timeout 5 squeue -h -j "$SLURM_JOB_ID" -o %e 2>/dev/null)
          export SLURM_JOB_END_TIME
        fi
        srun '/my m' engine --profile-dir=/p --cluster-id=c

        """)
  }

  @Test func optionsBecomeLines() throws {
    let lines = try script {
      $0.queue = "short"
      $0.account = "us"
      $0.qos = "low"
      $0.timelimit = "1-12"
      $0.options = "--gres=gpu:1 --mem=4G"
    }.split(separator: "\n").dropFirst(2).prefix(6)
    #expect(
      Array(lines) == [
        "#SBATCH --output=/p/log/ipengine-c-1-0.log", "#SBATCH --partition=short", "#SBATCH --account=us",
        "#SBATCH --qos=low", "#SBATCH --time=1-12", "#SBATCH --gres=gpu:1 --mem=4G",
      ])
  }

  @Test func ownTemplate() throws {
    let text = try script {
      $0.queue = "short"
      $0.namespace = ["mail": "me"]
      $0.template = "#!/bin/sh\n#SBATCH -n {n} -p {queue} --mail-user={mail}\nsrun ${{X}} {program_and_args}\n"
    }
    #expect(
      text == """
        #!/bin/sh
        #SBATCH --output=/p/log/ipengine-c-1-0.log
        #SBATCH -n 4 -p short --mail-user=me
        srun ${X} '/my m' engine --profile-dir=/p --cluster-id=c

        """)
  }

  @Test(arguments: [
    ("a\nb {nope}", "line 2: there is no field {nope}, fields are account, "), ("{", "line 1: a single '{'"),
    ("\n\n}", "line 3: a single '}'"), ("echo ${HOME}", "braces of the shell are written twice"),
  ])
  func errorsNameTheLine(_ template: String, _ words: String) throws {
    let error = #expect(throws: OptionError.self) { try script { $0.template = template } }
    #expect("\(try #require(error))".contains(words))
  }

  @Test(
    arguments: [
      (
        .pbs,
        """
        #!/bin/sh
        #PBS -t 1-4
        #PBS -j oe
        #PBS -o /p/log/ipengine-c-1-0.log
        #PBS -q short
        #PBS -A us
        #PBS -l walltime=1:00
        #PBS -W x
        #PBS -N ipengine
        #PBS -V
        '/my m' engine --profile-dir=/p --cluster-id=c

        """
      ),
      (
        .sge,
        """
        #!/bin/sh
        #$ -t 1-4
        #$ -j y
        #$ -o /p/log/ipengine-c-1-0.log
        #$ -q short
        #$ -A us
        #$ -l h_rt=1:00
        #$ -W x
        #$ -S /bin/sh
        #$ -N ipengine
        #$ -V
        '/my m' engine --profile-dir=/p --cluster-id=c

        """
      ),
      (
        .lsf,
        """
        #!/bin/sh
        #BSUB -J ipengine[1-4]
        #BSUB -o /p/log/ipengine-c-1-0.log
        #BSUB -e /p/log/ipengine-c-1-0.log
        #BSUB -q short
        #BSUB -P us
        #BSUB -W 1:00
        #BSUB -W x
        '/my m' engine --profile-dir=/p --cluster-id=c

        """
      ),
    ] as [(BatchSystem, String)])
  func scriptsOfOtherSystems(_ system: BatchSystem, _ expected: String) throws {
    let text = try script(system) {
      ($0.queue, $0.account, $0.timelimit, $0.options) = ("short", "us", "1:00", "-W x")
    }
    #expect(text == expected)
  }

  @Test func scriptOfCondor() throws {
    #expect(
      try script(.htcondor) { $0.options = "request_gpus = 1" } == """
        universe = vanilla
        executable = /my m
        transfer_executable = False
        arguments = "engine --profile-dir=/p --cluster-id=c"
        environment = "MARTLET_ENGINE_RANK=$(Process) MARTLET_ENGINE_SET_UUID=ID"

        request_gpus = 1
        output = /p/log/ipengine-c-1-0.log.$(Process)
        error = /p/log/ipengine-c-1-0.log.$(Process)
        log = /p/log/ipengine-c-1-0.log.log
        queue 4

        """)
  }

  @Test(arguments: BatchSystem.allCases) func whatATemplateSaysIsNotAdded(_ system: BatchSystem) throws {
    let first = try script(system) { ($0.queue, $0.account) = (system == .htcondor ? nil : "short", "us") }
    let again = try script(system) {
      ($0.queue, $0.account) = (system == .htcondor ? nil : "short", "us")
      $0.template = first.replacing("{", with: "{{").replacing("}", with: "}}")
    }
    #expect(again.split(separator: "\n") == first.split(separator: "\n"))
  }

  @Test(arguments: BatchSystem.allCases) func anOptionThatASystemLacksIsRefused(_ system: BatchSystem) throws {
    for option in BatchLauncher.Option.allCases where system.directive(option) == nil {
      let error = #expect(throws: OptionError.self) {
        try script(system) { launcher in
          switch option {
          case .queue: launcher.queue = "x"
          case .account: launcher.account = "x"
          case .qos: launcher.qos = "x"
          case .timelimit: launcher.timelimit = "x"
          case .options: launcher.options = "x"
          }
        }
      }
      #expect("\(try #require(error))".contains("\(system.title) has no \(option.rawValue)"))
    }
  }

  @Test(
    arguments: [
      (.slurm, "12\n", "12"), (.slurm, "12;cluster\n", "12"), (.slurm, "sbatch: a note\n", nil),
      (.pbs, "123.server\n", "123.server"), (.pbs, "123[].server.org\n", "123[].server.org"),
      (.sge, "Your job-array 7.1-4:1 (\"engines\") has been submitted\n", "7"),
      (.lsf, "Job <123> is submitted to default queue <normal>.\n", "123"),
      (.htcondor, "Submitting job(s)....\n4 job(s) submitted to cluster 12.\n", "12"), (.htcondor, "ERROR: x", nil),
    ] as [(BatchSystem, String, String?)])
  func idsOfJobs(_ system: BatchSystem, _ output: String, _ id: String?) throws {
    #expect(try BatchLauncher(system).jobID(in: output) == id)
  }

  @Test func ownPatternsOfIds() throws {
    var launcher = BatchLauncher(.pbs)
    launcher.jobIDPattern = #"(\w+)-(\d+)"#
    launcher.jobIDGroup = 2
    #expect(try launcher.jobID(in: "job-17") == "17")
    launcher.jobIDGroup = 3
    #expect(try launcher.jobID(in: "job-17") == nil)
    launcher.jobIDPattern = "("
    #expect(throws: OptionError.self) { try launcher.jobID(in: "job-17") }
  }

  @Test func nodesAreExcluded() throws {
    #expect(try script(.slurm) { $0.excludedNodes = ["a", "b"] }.contains("\n#SBATCH --exclude=a,b\n"))
    #expect(try script(.sge) { $0.excludedNodes = ["a", "b"] }.contains("\n#$ -l hostname=!(a|b)\n"))
    #expect(
      try script(.lsf) { $0.excludedNodes = ["a", "b"] }.contains("\n#BSUB -R \"select[hname!='a' && hname!='b']\"\n"))
    let condor = try script(.htcondor) { $0.excludedNodes = ["a", "b"] }
    let requirement = try #require(condor.firstRange(of: "\nrequirements = Machine =!= \"a\" && Machine =!= \"b\"\n"))
    #expect(try requirement.upperBound <= #require(condor.firstRange(of: "queue ")).lowerBound)
    #expect(try script(.pbs) { $0.excludedNodes = ["a"] } == script(.pbs) { _ in })
    let own = try script {
      $0.excludedNodes = ["a"]
      $0.template = "#!/bin/sh\n#SBATCH -x c\nsrun {program_and_args}\n"
    }
    #expect(!own.contains("--exclude"))
  }

  @Test func recordsAreAskedForWhereTheStateIs() {
    var launcher = BatchLauncher(.sge)
    #expect(launcher.questionAboutEnd(of: "7")?.executable == "qacct")
    launcher.stateCommand = ["ssh", "login", "/opt/sge/bin/qstat"]
    #expect(launcher.questionAboutEnd(of: "7")?.arguments == ["login", "/opt/sge/bin/qacct", "-j", "7"])
    #expect(launcher.questionAboutDelay(of: "7")?.arguments == ["login", "/opt/sge/bin/qstat", "-j", "7"])
    #expect(BatchLauncher(.htcondor).questionAboutEnd(of: "7")?.executable == "condor_history")
    #expect(BatchLauncher(.pbs).questionAboutEnd(of: "7[].s")?.arguments == ["-x", "-f", "7[].s"])
    #expect(BatchLauncher(.lsf).questionAboutEnd(of: "7")?.arguments == ["-l", "7"])
  }

  @Test func enginesAreToldTheTimeLimit() throws {
    func seconds(_ change: (inout BatchLauncher) -> Void) throws -> String? {
      var launcher = BatchLauncher(.slurm)
      change(&launcher)
      let context = LaunchContext(
        profile: ProfileDirectory(path: "/p"), clusterID: "c", set: "1", program: ProgramCommand(executable: "m"),
        arguments: [])
      let launch = try EngineGroup(.batch(launcher), count: 4).launch(0, in: context)
      return launch.environment[AllocationTime.variable] ?? nil
    }
    #expect(try seconds { _ in } == nil)
    #expect(try seconds { $0.timelimit = "10" } == "600")
    #expect(try seconds { $0.options = "--time=1:00:00" } == "3600")
    #expect(try seconds { $0.template = "#!/bin/sh\n#SBATCH -t 20\nsrun {program_and_args}\n" } == "1200")
  }

  @Test func onlyWhatWaitsIsCalledOff() {
    var launcher = BatchLauncher(.slurm)
    #expect(launcher.cancellation(of: "7", ifWaiting: true).arguments == ["--state=PENDING", "7"])
    #expect(launcher.cancellation(of: "7").arguments == ["7"])
    launcher.deleteCommand = ["mine"]
    #expect(launcher.cancellation(of: "7", ifWaiting: true).arguments == ["7"])
    #expect(BatchLauncher(.pbs).cancellation(of: "7", ifWaiting: true).arguments == ["7"])
  }
}
