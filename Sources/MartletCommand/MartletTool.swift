import ArgumentParser
import Foundation
import MartletCluster

struct MartletTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martlet",
    abstract: "Starts and stops clusters for parallel computing.",
    discussion: """
      martlet start -n 4 starts a cluster of four engines, martlet stop stops it. Python's ipyparallel connects to it as \
      to its own.

      Completions for your shell: martlet --generate-completion-script bash (or zsh, fish).
      """,
    version: Version.current,
    subcommands: [
      Start.self, Stop.self, Scale.self, List.self, Status.self, Why.self, Clean.self, Engines.self,
      ControllerCommand.self,
      EngineCommand.self, Keys.self, Profile.self,
    ])

  /// The running command, whose usage appears in its errors.
  @TaskLocal static var running: any ParsableCommand.Type = MartletTool.self

  /// Runs the command. Ends the process if it fails, with exit code 2 for an unusable command line.
  static func run(_ arguments: [String]) async {
    do {
      var command = try parseAsRoot(Start.completed(arguments))
      try await $running.withValue(type(of: command)) {
        if var asyncCommand = command as? any AsyncParsableCommand {
          try await asyncCommand.run()
        } else {
          try command.run()
        }
      }
    } catch  where exitCode(for: error) == .validationFailure {
      RoleExit.report(fullMessage(for: error))
      exit(withError: ExitCode(RoleExit.usageErrorCode))
    } catch {
      exit(withError: error)
    }
  }
}

/// Selects the profile and cluster of a command.
struct ClusterSelection: ParsableArguments {
  @Option(help: "The profile, by name.")
  var profile: String?

  @Option(help: "The profile, by its folder.")
  var profileDir: String?

  @Option(help: "The folder of the profiles; $IPYTHONDIR or ~/.ipython by default.")
  var ipythonDir: String?

  @Option(help: "Distinguishes clusters of one profile.")
  var clusterId: String?

  /// The options in the roles' own syntax. The roles also read the environment.
  var arguments: [String] {
    roleArguments(["profile": profile, "profile-dir": profileDir, "ipython-dir": ipythonDir, "cluster-id": clusterId])
  }

  /// The options, completed from the environment and the configuration.
  func options(_ more: [String] = []) throws -> ClusterOptions { try ClusterOptions.read(arguments + more).options }

  /// The named profile, or all profiles.
  func profiles() throws -> [ProfileDirectory] {
    if profile != nil || profileDir != nil { return [try options().application.profile] }
    return ipythonDir.map { ProfileDirectory.all(in: $0) } ?? ProfileDirectory.all()
  }
}

/// Selects the engines that a command starts.
struct EngineSelection: ParsableArguments {
  @Option(name: .shortAndLong, help: "How many engines; one per core by default.")
  var n: Int?

  @Option(
    help:
      "What starts them: local, ssh:HOST:NUMBER,…, mpi, docker, slurm, pbs, sge, lsf or htcondor; ipyparallel's names of launchers work, too."
  )
  var engines: String?

  @Option(
    name: .customLong("set"),
    help: "A launcher's option by ipyparallel's name, as often as needed: --set SlurmLauncher.queue=short.")
  var launcherOptions: [String] = []

  @Option(help: "Your program that runs as the engines and has their functions.")
  var program: String?

  @Option(help: "The Python that engines run Python code with; by default one with ipyparallel, if there is one.")
  var python: String?

  @Option(help: "eager: engines start Python at once; lazy: when it is needed first, the default.")
  var pythonStart: String?

  @Option(
    name: .customLong("resource"),
    help:
      "What each engine offers to tasks that require it, as often as needed: --resource gpu=2 --resource memory=8GB.")
  var resources: [String] = []

  @Flag(help: "Engines run no Python code, only the functions of your program.")
  var noPython = false

  /// The options in the roles' own syntax.
  var arguments: [String] {
    roleArguments([
      "n": n.map(String.init), "engines": engines, "program": program, "python": python, "python-start": pythonStart,
    ])
      + (noPython ? ["--no-python"] : []) + resources.map { "--resource=\($0)" } + launcherOptions.map { "--\($0)" }
  }
}

/// Between how many engines a cluster grows and shrinks by itself.
struct EngineBounds: ParsableArguments {
  @Option(help: "With --max: the fewest engines, 0 by default.")
  var min: Int?

  @Option(help: "The most engines: as many are started as there is work for, and idle ones leave.")
  var max: Int?

  @Option(help: "With --max: after how many seconds without work an engine may leave, 60 by default.")
  var idle: Double?

  /// The options in the roles' own syntax.
  var arguments: [String] {
    roleArguments(["min": min.map(String.init), "max": max.map(String.init), "idle": idle.map { "\($0)" }])
  }
}

/// The given options, in the roles' own syntax.
func roleArguments(_ values: KeyValuePairs<String, String?>) -> [String] {
  values.compactMap { name, value in value.map { "--\(name)=\($0)" } }
}

/// Runs a command's work until Ctrl-C and turns errors into a message and an exit code.
func perform(_ work: @escaping @Sendable () async throws -> Void) async throws {
  let command = MartletTool.running
  let name = MartletTool._commandName == command._commandName ? "martlet" : "martlet \(command._commandName)"
  let code = await exitCode(of: name, usage: MartletTool.usageString(for: command), work)
  if code != 0 { throw ExitCode(code) }
}

/// Runs the work and returns its exit code. As `ipcluster` does, ends the process with 10 if a cluster is already
/// running and with 11 if it isn't running.
func exitCode(
  of program: String, usage: String, _ work: @escaping @Sendable () async throws -> Void
) async -> Int32 {
  await RoleExit.code(program, usage: usage) {
    do {
      try await work()
    } catch let error as ClusterError where error.code != .failed {
      RoleExit.report("\(program): \(error)")
      exit(error.code == .alreadyRunning ? 10 : 11)
    }
  }
}
