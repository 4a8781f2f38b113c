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

  /// What a command writes to its standard output.
  ///
  /// - Throws: ``OptionError`` when it can't be started; ``ClusterError`` with its own words when it fails.
  static func read(_ command: ProgramCommand, environment: [String: String?] = [:]) async throws -> String {
    let outcome: ExecutionResult<Void, StringOutput<UTF8>, StringOutput<UTF8>>
    do {
      outcome = try await run(
        command.subprocessExecutable, arguments: Arguments(command.arguments),
        environment: .inherit.updating(environment.subprocessVariables), output: .string(limit: limit),
        error: .string(limit: limit))
    } catch {
      throw OptionError("\(command.executable) can't be started: \(error)")
    }
    guard outcome.terminationStatus.isSuccess else {
      let words = LastWords.find(in: outcome.standardError).map { ": \($0)" } ?? ""
      throw ClusterError(
        "\(command.executable) ended with \(ExitStatus(outcome.terminationStatus))\(words)")
    }
    return outcome.standardOutput
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
