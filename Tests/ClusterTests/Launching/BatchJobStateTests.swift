import Testing

@testable import MartletCluster

@Suite struct BatchJobStateTests {
  @Test(
    arguments: [
      (.slurm, "JobState=PENDING Reason=Resources", "PENDING (Resources)", nil),
      (.slurm, "JobState=RUNNING Reason=None", nil, nil), (.slurm, "JobState=COMPLETING Reason=None", nil, nil),
      (.slurm, "JobState=COMPLETED Reason=None ExitCode=0:0", nil, .exited(0)),
      (.slurm, "JobState=FAILED Reason=NonZeroExitCode ExitCode=3:0", nil, .exited(3)),
      (.slurm, "JobState=TIMEOUT Reason=TimeLimit ExitCode=0:15", nil, .unknown("TIMEOUT (TimeLimit)")),
      (.slurm, "JobState=PREEMPTED Reason=None", nil, .unknown("PREEMPTED")),
      (.slurm, "JobState=CANCELLED Reason=None ExitCode=0:15", nil, .unknown("CANCELLED")),
      (.pbs, "Job Id: 7.s\n    job_state = Q\n    comment = Not enough nodes\n", "Q (Not enough nodes)", nil),
      (.pbs, "    job_state = H\n", "H", nil), (.pbs, "    job_state = R\n", nil, nil),
      (.pbs, "    job_state = B\n", nil, nil),
      (.pbs, "    job_state = C\n    exit_status = 0\n", nil, .exited(0)),
      (.pbs, "    job_state = F\n    Exit_status = 271\n", nil, .signaled(15)),
      (
        .pbs, "    job_state = F\n    comment = Job run and\n\t failed\n    Exit_status = 271\n", nil,
        .unknown("F (Job run and failed; Exit_status = 271)")
      ),
      (
        .pbs, "    job_state = Q\n    comment = Not Running: Insuffi\n\tcient amount of ncpus\n    a = b",
        "Q (Not Running: Insufficient amount of ncpus)", nil
      ),
      (.pbs, "    job_state = F\n", nil, .unknown("F")),
      (.sge, "job-ID prior name\n----\n      7 0.5 engines me qw 11/27/2026 1 1-4:1\n", "qw", nil),
      (.sge, "      7 0.5 engines me Eqw 11/27/2026 1 1\n", "Eqw", nil),
      (.sge, "      7 0.5 e me r 11/27/2026 q@h 1 1\n      7 0.5 e me qw 11/27/2026 1 2-4:1\n", nil, nil),
      (.sge, "      70 0.5 e me r 11/27/2026 q@h 1 1\n", nil, .unknown("it is not in the queue any more")),
      (.lsf, "7 me PEND normal host - ipengine[1] Nov 27\n7 me PEND normal host - ipengine[2] Nov 27\n", "PEND", nil),
      (.lsf, "7 me PEND normal host\n7 me RUN normal host\n", nil, nil),
      (.lsf, "7 me DONE normal\n7 me EXIT normal\n", nil, .unknown("EXIT")),
      (.lsf, "7 me DONE normal\n", nil, .exited(0)),
      (.htcondor, "1 undefined\n1 undefined\n", "idle", nil), (.htcondor, "1 undefined\n2 undefined\n", nil, nil),
      (.htcondor, "5 undefined The file can't be read\n", "held (The file can't be read)", nil),
      (.htcondor, "", nil, .unknown("it is not in the queue any more")),
    ] as [(BatchSystem, String, String?, MartletCluster.ExitStatus?)])
  func statesOfJobs(
    _ system: BatchSystem, _ text: String, _ delay: String?, _ end: MartletCluster.ExitStatus?
  ) throws {
    let output = system == .slurm ? "JobId=7 JobName=x UserId=root(0) \(text) Dependency=(null)" : text
    let state = try #require(BatchJobState(output, about: "7", of: system))
    #expect(state.delay == delay)
    #expect(state.end == end)
  }

  @Test(arguments: [BatchSystem.slurm, .pbs, .lsf]) func noStateInOtherText(_ system: BatchSystem) {
    for text in ["", "=", "\n \n", "slurm_load_jobs error: Invalid job id specified", "qstat: = Unknown Job Id 7.s"] {
      #expect(BatchJobState(text, about: "7", of: system) == nil)
    }
  }

  @Test func errorsThatMeanAJobIsGone() {
    #expect(BatchJobState.isUnknown("scontrol ended with exit code 1: Invalid job id specified"))
    #expect(BatchJobState.isUnknown("qstat ended with exit code 153: qstat: Unknown Job Id Error 7.s"))
    #expect(BatchJobState.isUnknown("qstat ended with exit code 35: qstat: 7.s Job has finished, use -x"))
    #expect(BatchJobState.isUnknown("bjobs ended with exit code 255: Job <7> is not found"))
    #expect(!BatchJobState.isUnknown("qstat ended with exit code 1: cannot connect to server"))
  }

  @Test(
    arguments: [
      (.slurm, "JobId=7 JobState=RUNNING Reason=None ReqNodeList=(null) NodeList=node1 BatchHost=node1", "node1"),
      (.slurm, "JobId=7 JobState=RUNNING NodeList=node[1-2]", "node[1-2]"),
      (.slurm, "JobId=7 JobState=FAILED Reason=NonZeroExitCode ExitCode=3:0 NodeList=node1", "node1"),
      (.slurm, "JobId=7 JobState=PENDING Reason=Resources NodeList=(null)", nil),
      (.slurm, "JobId=7 JobState=PENDING Reason=PartitionDown ReqNodeList=(null) NodeList= NumNodes=1", nil),
      (.sge, "      7 0.5 e me r 11/27/2026 10:00:00 all.q@node1 1 1\n", "node1"),
      (.sge, "      7 0.5 e me r 11/27/2026 10:00:00 q@a 1 1\n      7 0.5 e me r 11/27/2026 10:00:00 q@b 1 2\n", nil),
      (.sge, "      7 0.5 e me qw 11/27/2026 10:00:00 1 1\n", nil),
      (.lsf, "7 me RUN normal login node1 e[1] Nov 27\n7 me RUN normal login 4*node1 e[2] Nov 27\n", "node1"),
      (.lsf, "7 me EXIT normal login node1 ipengine[1] Nov 27\n", "node1"),
      (.lsf, "7 me RUN normal login node1 e[1] Nov 27\n7 me RUN normal login node2 e[2] Nov 27\n", nil),
      (.lsf, "7 me RUN normal login 4*node1:2*node2 x Nov 27\n", nil),
      (.lsf, "7 me PEND normal login - ipengine[1] Nov 27\n", nil),
      (.htcondor, "2 slot1@node1 undefined\n2 slot2@node1 undefined\n", "node1"),
      (.htcondor, "2 slot1@node1 undefined\n2 slot1@node2 undefined\n", nil),
      (.htcondor, "1 undefined undefined\n", nil),
    ] as [(BatchSystem, String, String?)])
  func nodesOfJobs(_ system: BatchSystem, _ text: String, _ nodes: String?) throws {
    #expect(try #require(BatchJobState(text, about: "7", of: system)).nodes == nodes)
  }
}
