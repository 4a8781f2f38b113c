import Testing

@testable import MartletCluster

@Suite struct BatchJobWordsTests {
  private static let qstat = """
    ==============================================================
    job_number:                 7
    owner:                      me
    error reason          1:      11/27/2026 10:00:00 [1000:77]: error: can't chdir to /gone: No such file or directory
    error reason          2:      11/27/2026 10:00:00 [1000:78]: error: can't chdir to /gone: No such file or directory
    scheduling info:            Job is in error state

    """

  private static let waiting = """
    job_number:                 7
    script_file:                engines.sge
    scheduling info:            queue instance "main.q@node1" dropped because it is full
                                queue instance "main.q@node2" dropped because it is full
                                queue instance "main.q@node2" dropped because it is full
                                queue instance "main.q@node3" dropped because it is disabled
                                cannot run in PE "x" because it only offers 0 slots
                                All queues dropped because of overload or full
    job-array tasks:            1-4:1

    """

  private static let bjobs = """

    Job <7[1]>, Job Name <ipengine[1-2]>, User <me>, Project <default>, Status <PEND>, 
                         Queue <normal>, Command <#!/bin/sh; martlet engine>
    Fri Nov 27 10:00:00: Submitted from host <login>, CWD <$HOME>;
     PENDING REASONS:
     Load information unavailable: 2 hosts;
     Job's requirements for reserving resource (mem) not sat
                         isfied: 3 hosts;

     SCHEDULING PARAMETERS:
               r15s   r1m  r15m   ut      pg    io   ls    it    tmp    swp    mem

    """

  private static let analysis = """

    -- Schedd: login : <10.0.0.1:9618?...
    ---
    012.000:  Job has not yet been considered by the matchmaker.

    Last successful match: Fri Nov 27 09:00:00 2026
    Last failed match: Fri Nov 27 10:00:00 2026

    Reason for last match failure: no match found

    012.000:  Run analysis summary ignoring user priority.  Of 3 machines,
          2 are rejected by your job's requirements
          0 reject your job because of their own requirements
          0 match and are already running your jobs
          1 match but are serving other users
          0 are able to run your job

    """

  @Test(
    arguments: [
      (.sge, qstat, "can't chdir to /gone: No such file or directory"),
      (
        .sge, waiting,
        """
        queue instance "main.q@node1" dropped because it is full; \
        queue instance "main.q@node2" dropped because it is full; \
        queue instance "main.q@node3" dropped because it is disabled; and 2 more
        """
      ),
      (.sge, "scheduling info:            (Collecting of scheduler job information is turned off)\n", nil),
      (.sge, "job_number: 7\n", nil),
      (
        .lsf, bjobs,
        "Load information unavailable: 2 hosts; Job's requirements for reserving resource (mem) not satisfied: 3 hosts"
      ),
      (.lsf, "Job <7>, User <me>, Status <RUN>\n\n SCHEDULING PARAMETERS:\n x;\n", nil),
      (
        .htcondor, analysis,
        """
        no match found; of 3 machines, 2 are rejected by your job's requirements; \
        of 3 machines, 1 match but are serving other users
        """
      ),
    ] as [(BatchSystem, String, String?)])
  func whyAJobWaits(_ system: BatchSystem, _ text: String, _ words: String?) {
    #expect(BatchJobWords.delay(text, of: system) == words)
  }

  private static func qacct(_ failed: String, _ status: String, task: String = "undefined") -> String {
    """
    ==============================================================
    qname        main.q              
    hostname     node1               
    jobnumber    7                   
    taskid       \(task)            
    qsub_time    Fri Nov 27 10:00:00 2026
    failed       \(failed)
    exit_status  \(status)
    ru_wallclock 5s

    """
  }

  private static func bjobs(_ end: String, status: String = "EXIT", task: Int = 1) -> String {
    """

    Job <7[\(task)]>, Job Name <ipengine[1-2]>, User <me>, Project <default>, Status <\(status)>
                         , Queue <normal>, Command <martlet engine>
    Fri Nov 27 10:00:00: Submitted from host <login>, CWD <$HOME>;
    Fri Nov 27 10:00:01: Started 1 Task(s) on Host(s) <node1>, Allocated 1 Slot(s) on H
                         ost(s) <node1>, Execution Home </home/me>;
    \(end)
    ------------------------------------------------------------------------------

    """
  }

  private static let overtime = """
    Fri Nov 27 10:10:01: Exited by signal 12. The CPU time used is 1.0 seconds;
    Fri Nov 27 10:10:01: Completed <exit>; TERM_RUNLIMIT: job killed after reaching LSF
                          run time limit.
    """

  @Test(
    arguments: [
      (.sge, qacct("0", "0"), .exited(0)), (.sge, qacct("0", "3"), .exited(3)),
      (.sge, qacct("0", "137                  (Killed)"), .signaled(9)),
      (
        .sge, qacct("100  : assumedly after job", "137                  (Killed)"),
        .unknown("failed 100 : assumedly after job, exit_status 137")
      ),
      (.sge, qacct("0", "0", task: "1") + qacct("0", "3", task: "2"), .exited(3)),
      // The second task was run again.
      (
        .sge, qacct("0", "0", task: "1") + qacct("25 : rescheduling", "0", task: "2") + qacct("0", "0", task: "2"),
        .exited(0)
      ),
      (.sge, "Total System Usage\n", nil), (.sge, "failed 0\nexit_status 0\n", nil), (.sge, qacct("0", "?"), nil),
      (.pbs, "Job Id: 7.s\n    job_state = F\n    Exit_status = 3\n", .exited(3)),
      (
        .pbs,
        """
        Job Id: 7.s
            job_state = F
            comment = Job run at Fri Nov 27 at 10:00 on (node1:ncpus=1) and exceeded res
        \tource walltime
            Exit_status = -29

        """,
        .unknown(
          "F (Job run at Fri Nov 27 at 10:00 on (node1:ncpus=1) and exceeded resource walltime; Exit_status = -29)")
      ),
      (.pbs, "<Data><Job>7</Job></Data>", nil), (.pbs, "    job_state = R\n", nil),
      (.lsf, bjobs("Fri Nov 27 10:10:00: Exited with exit code 3. The CPU time used is 1.0 seconds;"), .exited(3)),
      (.lsf, bjobs("Fri Nov 27 10:10:00: Exited with exit code 143. The CPU time used is 1.0 seconds;"), .signaled(15)),
      (.lsf, bjobs(overtime), .unknown("EXIT (TERM_RUNLIMIT: job killed after reaching LSF run time limit)")),
      (
        .lsf,
        bjobs("Fri Nov 27 10:10:00: Done successfully. The CPU time used is 1.0 seconds;", status: "DONE")
          + bjobs("Fri Nov 27 10:10:00: Exited; TERM_OWNER: job killed by owner. Catch", task: 2),
        .unknown("EXIT (TERM_OWNER: job killed by owner)")
      ),
      (.lsf, bjobs("Fri Nov 27 10:10:00: Done successfully.", status: "DONE"), .exited(0)),
      (.lsf, "Job <7> is not found", nil),
      (.htcondor, "4 false 0 undefined undefined\n4 false 3 undefined undefined\n", .exited(3)),
      (.htcondor, "4 true undefined 9 undefined\n", .signaled(9)),
      (.htcondor, "4 false 0 undefined undefined\n", .exited(0)),
      (
        .htcondor, "3 undefined undefined undefined via condor_rm (by user me)\n",
        .unknown("removed (via condor_rm (by user me))")
      ),
      (.htcondor, "3 undefined undefined undefined undefined\n", .unknown("removed")),
      (.htcondor, "", nil), (.htcondor, "4 false ? undefined undefined\n", nil), (.htcondor, "4 false 0\n", nil),
      (.slurm, "JobState=FAILED", nil),
    ] as [(BatchSystem, String, MartletCluster.ExitStatus?)])
  func howAJobEnded(_ system: BatchSystem, _ text: String, _ end: MartletCluster.ExitStatus?) {
    #expect(BatchJobWords.end(text, about: "7", of: system) == end)
  }

  @Test(arguments: BatchSystem.allCases) func nothingInNonsense(_ system: BatchSystem) {
    for text in [
      "", "\n", "=", "====\n====", ":", " ", "Job <\n", "\u{FFFD}\u{0}", "PENDING REASONS:", "scheduling info",
    ] {
      #expect(BatchJobWords.end(text, about: "7", of: system) == nil)
      #expect(BatchJobWords.delay(text, of: system) == nil)
    }
  }

  @Test func reasonsAreAskedForAtGrowingIntervals() async {
    let start = ContinuousClock.now
    var words = DelayWords()
    var asked: [Int] = []
    for second in 0..<100 {
      let told = await words.explain("qw", at: start + .seconds(second)) {
        asked.append(second)
        return second == 0 ? nil : second == 1 ? "it is full" : nil
      }
      #expect(told == (second == 0 ? "qw" : "qw (it is full)"))
    }
    #expect(asked == [0, 1, 3, 7, 15, 31, 63, 95])
    #expect(await words.explain("Eqw", at: start + .seconds(100)) { "error" } == "Eqw (error)")
    #expect(await words.explain("held (why)", at: start + .seconds(200)) { "more" } == "held (why)")
  }
}
