import Foundation

/// How to start a program in the roles of a cluster: `EXECUTABLE ARGUMENTS… engine …`.
public struct ProgramCommand: Sendable, Hashable {
  /// The path of the executable.
  public var executable: String
  /// What comes before the role.
  public var arguments: [String]

  /// A program by its path.
  public init(executable: String, arguments: [String] = []) {
    self.executable = executable
    self.arguments = arguments
  }

  /// The program that is running.
  public static var current: ProgramCommand {
    ProgramCommand(executable: Bundle.main.executablePath ?? CommandLine.arguments.first ?? "martlet")
  }

  /// The command with more arguments.
  func adding(_ more: [String]) -> ProgramCommand {
    ProgramCommand(executable: executable, arguments: arguments + more)
  }
}
