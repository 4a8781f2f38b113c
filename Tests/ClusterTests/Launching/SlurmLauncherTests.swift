import Testing

@testable import MartletCluster

@Suite struct SlurmLauncherTests {
  private func script(_ change: (inout SlurmLauncher) -> Void = { _ in }) throws -> String {
    var launcher = SlurmLauncher()
    change(&launcher)
    let context = LaunchContext(
      profile: ProfileDirectory(path: "/p"), clusterID: "c", set: "1", program: ProgramCommand(executable: "/my m"),
      arguments: [])
    let launch = try EngineGroup(.slurm(launcher), count: 4).launch(0, in: context) { "ID" }
    #expect(launch.command.arguments == ["--parsable", "/p/log/ipengine-c-1.sbatch"])
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
        "#SBATCH --partition=short", "#SBATCH --account=us", "#SBATCH --qos=low", "#SBATCH --time=1-12",
        "#SBATCH --output=/p/log/ipengine-c-1-0.log", "#SBATCH --gres=gpu:1 --mem=4G",
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
      ("JobState=PENDING Reason=Resources", "PENDING (Resources)", nil), ("JobState=RUNNING Reason=None", nil, nil),
      ("JobState=COMPLETING Reason=None", nil, nil),
      ("JobState=COMPLETED Reason=None ExitCode=0:0", nil, MartletCluster.ExitStatus.exited(0)),
      ("JobState=FAILED Reason=NonZeroExitCode ExitCode=3:0", nil, .exited(3)),
      ("JobState=TIMEOUT Reason=TimeLimit ExitCode=0:15", nil, .unknown("TIMEOUT (TimeLimit)")),
      ("JobState=PREEMPTED Reason=None", nil, .unknown("PREEMPTED")),
      ("JobState=CANCELLED Reason=None ExitCode=0:15", nil, .unknown("CANCELLED")),
    ] as [(String, String?, MartletCluster.ExitStatus?)])
  func statesOfJobs(_ text: String, _ delay: String?, _ end: MartletCluster.ExitStatus?) throws {
    let state = try #require(SlurmJobState("JobId=1 JobName=x UserId=root(0) \(text) Dependency=(null)"))
    #expect(state.delay == delay)
    #expect(state.end == end)
  }

  @Test func noStateInOtherText() {
    #expect(SlurmJobState("") == nil)
    #expect(SlurmJobState("slurm_load_jobs error: Invalid job id specified") == nil)
  }
}
