/// Engines that one `mpiexec` starts, so that their Python code can use MPI with one another. They end together.
public struct MPILauncher: Sendable, Hashable {
  /// The command, `mpiexec`.
  public var command = ["mpiexec"]
  /// Options for it, for example `["--hostfile", "hosts"]`.
  public var arguments: [String] = []

  /// A launcher with the `mpiexec` in the path.
  public init() {}

  func command(count: Int, running program: ProgramCommand) -> ProgramCommand {
    let all = command + ["-n", "\(count)"] + arguments + [program.executable] + program.arguments
    return ProgramCommand(executable: all[0], arguments: Array(all.dropFirst()))
  }
}
