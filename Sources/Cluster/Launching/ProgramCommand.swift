import Foundation

/// How to start a program in a cluster role: `EXECUTABLE ARGUMENTS… engine …`.
public struct ProgramCommand: Sendable, Hashable {
  /// The path of the executable.
  public var executable: String
  /// The arguments before the role.
  public var arguments: [String]

  /// A command that runs the executable at a path.
  public init(executable: String, arguments: [String] = []) {
    self.executable = executable
    self.arguments = arguments
  }

  /// This process's own program.
  public static var current: ProgramCommand {
    ProgramCommand(executable: Bundle.main.executablePath ?? CommandLine.arguments.first ?? "martlet")
  }

  /// The command with arguments appended.
  func adding(_ more: [String]) -> ProgramCommand {
    ProgramCommand(executable: executable, arguments: arguments + more)
  }
}
