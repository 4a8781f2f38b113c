import Foundation
import MartletCluster
import Subprocess

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// A cluster held by a background process in its own session.
enum Daemon {
  /// The arguments that a background process has before those of ``StartAction``.
  static let arguments = ["start", "--background"]

  /// Runs as the background process and returns the exit code.
  static func run(_ arguments: [String]) async -> Int32 {
    await exitCode(of: "martlet start", usage: "martlet start [options]") {
      try await StartAction(arguments, background: true).run()
    }
  }

  /// Marks the end of the background process's messages; a control character that no message contains.
  private static let readyMark = "\u{1E}"

  /// Starts the background process, prints its messages, and ends this process when the cluster is up.
  ///
  /// - Throws: ``ClusterError`` when a signal ends the background process before that.
  static func start(_ arguments: [String]) async throws {
    var platform = PlatformOptions()
    platform.createSession = true
    platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(15))]
    let outcome = try await Subprocess.run(
      .path(FilePath(ProgramCommand.current.executable)), arguments: Arguments(arguments), platformOptions: platform,
      input: .none, output: .sequence, error: .combinedWithOutput
    ) { execution in
      var lines: [String] = []
      for try await line in execution.standardOutput.strings() {
        let text = line.trimmingCharacters(in: .newlines)
        if text.hasPrefix(readyMark) {
          print(lines.joined(separator: "\n"))
          // The child keeps running. Returning would wait for its end.
          exit(0)
        }
        lines.append(text)
      }
      for line in lines { RoleExit.report(line) }
    }
    switch outcome.terminationStatus {
    case .exited(let code): exit(code == 0 ? 1 : code)
    case .signaled(let signal): throw ClusterError("the background process was ended by signal \(signal)")
    }
  }

  /// Tells the starting process that the cluster is up. Nothing is written to the standard streams afterwards.
  static func reportReady() {
    // The reader exits as soon as it sees the mark.
    signal(SIGPIPE, SIG_IGN)
    print(readyMark)
    fflush(nil)
  }
}
