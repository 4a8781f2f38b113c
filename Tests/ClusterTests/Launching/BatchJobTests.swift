import Foundation
import Testing

@testable import MartletCluster

/// A job of a scheduler whose commands are scripts.
@Suite(.timeLimit(.minutes(1))) struct BatchJobTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func command(_ name: String, _ script: String) throws -> [String] {
    let path = try folder.write("#!/bin/sh\n\(script)\n", to: name)
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
    return [path]
  }

  /// Grid Engine, whose records are told by a script; `nil` for a program that is missing.
  private func job(
    state: String = "true", records: String?, patience: Duration = .seconds(20), answer: Duration = .seconds(20)
  ) async throws -> BatchJob {
    var launcher = BatchLauncher(.sge)
    launcher.submitCommand = try command("qsub", "echo Your job 7 has been submitted")
    launcher.deleteCommand = try command("qdel", "true")
    launcher.stateCommand = try command("qstat", state)
    launcher.patience = .init(state: .seconds(20), words: answer, records: patience)
    if let records { _ = try command("qacct", records) }
    return try await BatchJob.submit(
      launcher.submission(of: "script"), environment: [:], launcher: launcher, log: "\(folder.path)/log")
  }

  private let gone = MartletCluster.ExitStatus.unknown("it is not in the queue any more")

  @Test func recordsThatAreLate() async throws {
    let job = try await self.job(
      records: """
        cd \(folder.path); echo asked >> asked
        [ $(wc -l < asked) -gt 2 ] || { echo "error: job id 7 not found" >&2; exit 1; }
        [ "$*" = "-j 7" ] && printf '====\\nfailed 37 : qmaster enforced h_rt\\nexit_status 137\\n'
        """)
    let hasLeft = Task { await job.departures.contains { _ in true } }
    #expect(await job.status == .unknown("failed 37 : qmaster enforced h_rt, exit_status 137"))
    #expect(await hasLeft.value, "before that is known")
    #expect(try String(contentsOfFile: "\(folder.path)/asked", encoding: .utf8) == "asked\nasked\nasked\n")
  }

  @Test(
    arguments: [nil, "echo no accounting file >&2; exit 1", "kill -9 $$"])
  func recordsThatCannotBeHad(_ records: String?) async throws {
    // Waiting would take longer than the test may.
    let job = try await self.job(records: records, patience: .seconds(1000))
    #expect(await job.status == gone)
  }

  @Test(
    arguments: ["echo nonsense", "echo 'error: job id 7 not found' >&2; exit 1", "head -c 2000000 /dev/zero"])
  func recordsThatNeverCome(_ records: String) async throws {
    let job = try await self.job(records: records, patience: .seconds(2))
    #expect(await job.status == gone)
  }

  @Test func recordsThatHang() async throws {
    let job = try await self.job(
      records: "echo $$ > \(folder.path)/pid; sleep 1000; true", patience: .seconds(1000), answer: .seconds(1))
    #expect(await job.status == gone)
    let pid = try #require(
      Int(String(contentsOfFile: "\(folder.path)/pid", encoding: .utf8).trimmingCharacters(in: .newlines)))
    #expect(!ProcessTable.isAlive(pid))
  }

  @Test func nobodyWaitsForTheRecordsOfAJobThatIsStopped() async throws {
    let job = try await self.job(records: "echo 'error: job id 7 not found' >&2; exit 1", patience: .seconds(1000))
    #expect(await job.stop() == gone)
  }

  @Test func reasonsForADelay() async throws {
    let job = try await self.job(
      state: """
        [ "$*" = "-j 7" ] && { echo 'scheduling info:  the queue is full'; exit; }
        [ -e \(folder.path)/over ] || echo '7 0.5 engines me qw 11/27/2026 1 1-4:1'
        """, records: nil)
    while job.delay == nil { await Task.yield() }
    #expect(job.delay == "qw (the queue is full)")
    try folder.write("", to: "over")
    #expect(await job.status == gone)
  }

  @Test(arguments: ["exit 1", "exec sleep 1000", "echo nonsense"])
  func aDelayWithoutReasons(_ answer: String) async throws {
    let job = try await self.job(
      state: """
        [ "$*" = "-j 7" ] && { \(answer); exit; }
        [ -e \(folder.path)/over ] || echo '7 0.5 engines me qw 11/27/2026 1 1-4:1'
        """, records: nil, answer: .seconds(1))
    while job.delay == nil { await Task.yield() }
    #expect(job.delay == "qw")
    try folder.write("", to: "over")
    #expect(await job.status == gone)
  }
}
