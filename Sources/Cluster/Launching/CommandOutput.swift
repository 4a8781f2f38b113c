import Subprocess

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// Runs short commands of other programs and reads what they say.
enum CommandOutput {
  /// The most that is read, in bytes.
  private static let limit = 1 << 20

  /// What a command writes to its standard output. One that takes too long is killed, with what it has started.
  ///
  /// - Throws: ``OptionError`` when it can't be started; ``ClusterError`` when it fails, with its own words, or takes too long.
  static func read(_ command: ProgramCommand, within limit: Duration) async throws -> String {
    try await withThrowingTaskGroup(of: String?.self) { group in
      group.addTask { try await read(command, isolated: true) }
      group.addTask {
        try await Task.sleep(for: limit)
        return nil
      }
      defer { group.cancelAll() }
      guard let answer = try await group.next() ?? nil else {
        throw ClusterError("\(command.executable) has not answered within \(limit)")
      }
      return answer
    }
  }

  /// What a command writes to its standard output.
  ///
  /// - Parameter isolated: whether it gets a process group of its own, which is killed when the task is cancelled.
  /// - Throws: ``OptionError`` when it can't be started; ``ClusterError`` with its own words when it fails.
  static func read(
    _ command: ProgramCommand, environment: [String: String?] = [:], isolated: Bool = false
  ) async throws -> String {
    try await readAll(command, environment: environment, isolated: isolated).output
  }

  /// What a command writes to its standard output and to its standard error.
  ///
  /// - Throws: as ``read(_:environment:isolated:)``.
  static func readAll(
    _ command: ProgramCommand, environment: [String: String?] = [:], isolated: Bool = false
  ) async throws -> (output: String, notes: String) {
    var platform = PlatformOptions()
    if isolated {
      platform.processGroupID = 0
      platform.teardownSequence = [
        .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(200))
      ]
    }
    let outcome: ExecutionResult<Void, StringOutput<UTF8>, StringOutput<UTF8>>
    do {
      outcome = try await run(
        command.subprocessExecutable, arguments: Arguments(command.arguments),
        environment: .inherit.updating(environment.subprocessVariables), platformOptions: platform,
        output: .string(limit: limit), error: .string(limit: limit))
    } catch {
      throw OptionError("\(command.executable) can't be started: \(error)")
    }
    guard outcome.terminationStatus.isSuccess else {
      let words = LastWords.find(in: outcome.standardError).map { ": \($0)" } ?? ""
      throw ClusterError(
        "\(command.executable) ended with \(ExitStatus(outcome.terminationStatus))\(words)")
    }
    return (outcome.standardOutput, outcome.standardError)
  }
}

extension ProgramCommand {
  /// The executable: a path, or a name that is looked for in the path.
  var subprocessExecutable: Executable {
    executable.contains("/") ? .path(FilePath(executable)) : .name(executable)
  }
}

extension [String: String?] {
  /// Variables for a process.
  var subprocessVariables: [Environment.Key: String?] {
    var variables: [Environment.Key: String?] = [:]
    for (name, value) in self {
      if let key = Environment.Key(rawValue: name) { variables[key] = value }
    }
    return variables
  }
}
