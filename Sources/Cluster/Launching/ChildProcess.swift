import Foundation
import MartletEngine
import Subprocess

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// How a child process ended.
public enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
  /// The process exited with a code.
  case exited(Int)
  /// A signal ended the process.
  case signaled(Int)
  /// The outcome is unknown, for the given reason.
  case unknown(String)

  /// A description for messages.
  public var description: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .signaled(let signal): Int32(exactly: signal).map(SignalName.describe) ?? "signal \(signal)"
    case .unknown(let reason): reason
    }
  }
}

/// A child process in its own process group, with its output in a log file. It never outlives this process, provided
/// that it honors its lifeline.
public final class ChildProcess: Sendable {
  /// The process id.
  public let pid: Int
  /// The log file with its standard output and standard error.
  public let log: String
  private let task: Task<ExitStatus, Never>
  /// Its standard input, if that is its own.
  private let input: ChildInput?
  private let grace: Duration

  private init(pid: Int, log: String, task: Task<ExitStatus, Never>, input: ChildInput?, grace: Duration) {
    self.pid = pid
    self.log = log
    self.task = task
    self.input = input
    self.grace = grace
  }

  /// What a child has as its standard input.
  enum Input: Sendable, Hashable {
    /// A pipe that ends when this process does, which the child knows about.
    case lifeline
    /// A line, and nothing more while this process lives and the child isn't stopped.
    case secret(String)
    /// Nothing that it has to know about.
    case none
  }

  /// Starts a process.
  ///
  /// - Parameters:
  ///   - command: the program to start.
  ///   - environment: variables that differ from this process's own; `nil` removes one.
  ///   - input: its standard input.
  ///   - log: the file to append its output to; created with mode 0600.
  ///   - grace: how long ``stop()`` waits after SIGTERM before SIGKILL.
  ///   - retires: whether the process finishes what it does after one SIGTERM, so that ``stop()`` has to send two.
  /// - Throws: ``OptionError`` when the log can't be opened or the process can't be started.
  static func launch(
    _ command: ProgramCommand, environment: [String: String?] = [:], input: Input = .lifeline, log: String,
    grace: Duration = .seconds(5), retires: Bool = false
  ) async throws -> ChildProcess {
    let output: FileDescriptor
    do {
      output = try FileDescriptor.open(
        FilePath(log), .writeOnly, options: [.create, .append, .closeOnExec], permissions: [.ownerReadWrite])
    } catch {
      throw OptionError("the log file \(log) can't be written: \(error)")
    }
    var environment = environment
    let own: ChildInput?
    let childEnd: FileDescriptor
    switch input {
    case .lifeline:
      environment[Lifeline.variable] = "stdin"
      (own, childEnd) = (nil, try Lifeline.childEnd.get())
    case .secret(let line):
      let pipe = try ChildInput(line: line)
      (own, childEnd) = (pipe, pipe.childEnd)
    case .none: (own, childEnd) = (nil, try Lifeline.childEnd.get())
    }
    let configuration = configuration(of: command, environment: environment, grace: grace, retires: retires)
    let (pids, reported) = AsyncThrowingStream.makeStream(of: Int.self)
    let task = Task {
      defer { own?.close() }
      do {
        let outcome = try await run(
          configuration, input: .fileDescriptor(childEnd, closeAfterSpawningProcess: false),
          output: .fileDescriptor(output, closeAfterSpawningProcess: true), error: .combinedWithOutput
        ) { execution in
          own?.closeChildEnd()
          reported.yield(Int(execution.processIdentifier.value))
          reported.finish()
        }
        return ExitStatus(outcome.terminationStatus)
      } catch {
        reported.finish(throwing: error)
        return .unknown("\(error)")
      }
    }
    do {
      for try await pid in pids {
        return ChildProcess(pid: pid, log: log, task: task, input: own, grace: grace)
      }
    } catch {
      throw OptionError("\(command.executable) can't be started: \(error)")
    }
    // The caller was cancelled while it waited for the start, so stop the new process.
    task.cancel()
    _ = await task.value
    throw CancellationError()
  }

  private static func configuration(
    of command: ProgramCommand, environment: [String: String?], grace: Duration, retires: Bool
  ) -> Configuration {
    var platform = PlatformOptions()
    // Ctrl-C in a terminal signals the foreground group. A separate group lets this process stop its children in order.
    platform.processGroupID = 0
    // Two signals that come together are one.
    let first: [TeardownStep] =
      retires ? [.send(signal: .terminate, allowedDurationToNextStep: .milliseconds(200))] : []
    platform.teardownSequence =
      first + [
        .send(signal: .terminate, allowedDurationToNextStep: grace),
        // Makes the whole group the target of the final SIGKILL.
        .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(200)),
      ]
    return Configuration(
      executable: command.subprocessExecutable, arguments: Arguments(command.arguments),
      environment: .inherit.updating(environment.subprocessVariables), platformOptions: platform)
  }

  /// How the process ended; waits until it has.
  public var status: ExitStatus {
    get async { await task.value }
  }

  /// Stops the process: ends its own standard input if it has one, sends SIGTERM, after the grace time if there was that
  /// input to end, then SIGKILL to its group after the grace time. Returns when the process is gone.
  @discardableResult
  public func stop() async -> ExitStatus {
    guard let input else {
      task.cancel()
      return await task.value
    }
    input.close()
    let timer = Task { [grace, task] in
      try await Task.sleep(for: grace)
      task.cancel()
    }
    defer { timer.cancel() }
    return await task.value
  }
}

extension ExitStatus {
  /// The exit code of a shell, or of what acts like one: the number of the signal that ended its program is added to 128.
  init(ofShell code: Int) {
    self = (129...192).contains(code) ? .signaled(code - 128) : .exited(code)
  }

  /// What a library for processes says.
  init(_ status: TerminationStatus) {
    switch status {
    case .exited(let code): self = .exited(Int(code))
    case .signaled(let signal): self = .signaled(Int(signal))
    }
  }
}
