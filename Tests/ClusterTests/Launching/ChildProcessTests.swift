import Foundation
import Testing

@testable import MartletCluster

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func shell(_ script: String, environment: [String: String] = [:]) async throws -> ChildProcess {
    try await ChildProcess.launch(
      ProgramCommand(executable: "/bin/sh", arguments: ["-c", script]), environment: environment,
      log: "\(folder.path)/log", grace: .milliseconds(100))
  }

  private var log: String {
    String(decoding: FileManager.default.contents(atPath: "\(folder.path)/log") ?? Data(), as: UTF8.self)
  }

  @Test func logsOutputAndTellsTheExitCode() async throws {
    let child = try await shell("echo $WORD; echo error >&2; exit 3", environment: ["WORD": "hello"])
    #expect(await child.status == .exited(3))
    #expect(log == "hello\nerror\n")
  }

  @Test func stopsWithSIGTERM() async throws {
    let child = try await ChildProcess.launch(
      ProgramCommand(executable: "/bin/sleep", arguments: ["1000"]), log: "\(folder.path)/log")
    #expect(ProcessTable.isAlive(child.pid))
    #expect(await child.stop() == .signaled(15))
    #expect(!ProcessTable.isAlive(child.pid))
    #expect(await child.stop() == .signaled(15))
  }

  @Test func killsWhatDoesNotLeave() async throws {
    // The trap must be set before the signal arrives. The child can't report that through the lifeline's pipe, so it
    // writes to the log.
    let child = try await shell("trap '' TERM; echo ready; while :; do sleep 1; done")
    while !log.contains("ready") { await Task.yield() }
    #expect(await child.stop() == .signaled(9))
  }

  @Test func saysWhenAProgramIsMissing() async {
    await #expect(throws: OptionError.self) {
      _ = try await ChildProcess.launch(ProgramCommand(executable: "/no/such/program"), log: "\(folder.path)/log")
    }
    await #expect(throws: OptionError.self) {
      _ = try await ChildProcess.launch(ProgramCommand(executable: "/bin/true"), log: "/no/such/folder/log")
    }
  }

  @Test func childHangsOnTheLifeline() async throws {
    // Standard input stays open while this process lives, so `read` returns only when the child is stopped.
    let child = try await shell("test \"$MARTLET_LIFELINE\" = stdin && read line")
    #expect(ProcessTable.isAlive(child.pid))
    #expect(await child.stop() == .signaled(15))
  }

  @Test func givesALineAndKeepsTheInputOpen() async throws {
    let child = try await ChildProcess.launch(
      ProgramCommand(executable: "/bin/sh", arguments: ["-c", "read line; echo got $line; read more || echo ended"]),
      input: .secret("a secret"), log: "\(folder.path)/log")
    while !log.contains("got") { await Task.yield() }
    // Stopping it ends its input first, so it may leave by itself.
    #expect(await child.stop() == .exited(0))
    #expect(log == "got a secret\nended\n")
  }

  @Test func findsProgramsInThePath() async throws {
    let child = try await ChildProcess.launch(ProgramCommand(executable: "true"), log: "\(folder.path)/log")
    #expect(await child.status == .exited(0))
  }
}
