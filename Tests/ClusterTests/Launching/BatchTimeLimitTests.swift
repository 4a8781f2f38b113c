import Testing

@testable import MartletCluster

@Suite struct BatchTimeLimitTests {
  @Test(arguments: [
    ("--time=30", 1800), ("--time 30:15", 1815), ("-t1:00:00", 3600), ("-t 2-12", 216_000), ("--time=1-01:30", 91_800),
    ("-n 4 -t 1-0:0:1 -p x", 86_401), ("--time=90 --time=60", 3600),
  ])
  func slurm(option: String, seconds: Int) {
    #expect(BatchSystem.slurm.timeLimit(in: "#!/bin/sh\n#SBATCH \(option)\nsrun x\n") == .seconds(seconds))
  }

  @Test(arguments: [
    "--time-min=30", "--time=", "--time=UNLIMITED", "--time=0", "--tasks-per-node=3", "-t 1-2-3", "-t 1:2:3:4",
    "--time=99999999999999999999", "-t -", "--comment=-t",
  ])
  func slurmSaysNothing(option: String) {
    #expect(BatchSystem.slurm.timeLimit(in: "#!/bin/sh\n#SBATCH \(option)\n") == nil)
  }

  @Test func onlyOptionsCount() {
    #expect(BatchSystem.slurm.timeLimit(in: "#!/bin/sh\nsrun --time=30 x\n# --time=30\n") == nil)
  }

  @Test func others() {
    #expect(BatchSystem.pbs.timeLimit(in: "#PBS -l nodes=2,walltime=1:30:00,mem=4gb\n") == .seconds(5400))
    #expect(BatchSystem.pbs.timeLimit(in: "#PBS -l walltime=90\n") == .seconds(90))
    #expect(BatchSystem.sge.timeLimit(in: "#$ -l h_rt=00:02:00 -q short\n") == .seconds(120))
    #expect(BatchSystem.lsf.timeLimit(in: "#BSUB -W 1:30\n#BSUB -n 4\n") == .seconds(5400))
    #expect(BatchSystem.lsf.timeLimit(in: "#BSUB -W 45/host\n") == .seconds(2700))
    #expect(BatchSystem.htcondor.timeLimit(in: "+MaxRuntime = 60\n") == nil)
  }
}
