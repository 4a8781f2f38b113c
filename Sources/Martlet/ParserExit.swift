import ArgumentParser
import MartletCluster

/// How a program ends that lets ArgumentParser read its arguments, when that gives help or refuses them.
enum ParserExit {
  /// Stands for a command whose type is unknown: most errors carry their own text, a request for help does not.
  private struct AnyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "unknown-command")
  }

  /// Whether an error is one of ArgumentParser's.
  static func isParsers(_ error: any Error) -> Bool {
    error is CleanExit || error is ExitCode || error is ValidationError
      || String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
  }

  /// Prints what the error says. Help has the cluster's options, too.
  ///
  /// - Parameters:
  ///   - type: the program, which may be the command whose arguments were read.
  ///   - name: the program's name.
  /// - Returns: the exit code; 2 for arguments that can't be used, as for Martlet's own options.
  static func report(_ error: any Error, of type: any ClusterProgram.Type, name: String) -> Int32 {
    let command = type as? any ParsableCommand.Type ?? AnyCommand.self
    let code = command.exitCode(for: error)
    var message = command.fullMessage(for: error)
    guard code.isSuccess else {
      if !message.isEmpty { RoleExit.report(message) }
      return code == .validationFailure ? RoleExit.usageErrorCode : code.rawValue
    }
    if message.hasPrefix("USAGE: unknown-command") { message = "USAGE: \(name) [options] [arguments]\n" }
    if !message.isEmpty { print(message) }
    if message.contains("USAGE:") { print(ProgramOptions.help) }
    return code.rawValue
  }
}
