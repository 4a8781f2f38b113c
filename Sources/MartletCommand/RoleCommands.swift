import ArgumentParser
import MartletCluster

/// The roles that take ipyparallel's command lines.
enum RoleCommand {
  case controller, engine

  /// Runs the role.
  ///
  /// - Parameter program: the name under which it was called.
  /// - Returns: the exit code.
  func run(_ arguments: [String], as program: String) async -> Int32 {
    if RoleHelp.isWanted(arguments) {
      print(self == .controller ? RoleHelp.controller : RoleHelp.engine)
      return 0
    }
    if arguments == ["--version"] {
      print(Version.current)
      return 0
    }
    return await RoleExit.code(program, usage: "\(program) [options]") {
      switch self {
      case .controller: try await ControllerRole.run(arguments)
      case .engine: try await EngineRole.run(arguments)
      }
    }
  }
}

struct ControllerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "controller", abstract: "Run a controller, with the options of ipcontroller.")

  @Argument(parsing: .captureForPassthrough, help: "Options of ipcontroller; --help lists them.")
  var arguments: [String] = []

  func run() async throws { throw ExitCode(await RoleCommand.controller.run(arguments, as: "martlet controller")) }
}

struct EngineCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine", abstract: "Run one engine, with the options of ipengine.")

  @Argument(parsing: .captureForPassthrough, help: "Options of ipengine; --help lists them.")
  var arguments: [String] = []

  func run() async throws { throw ExitCode(await RoleCommand.engine.run(arguments, as: "martlet engine")) }
}
