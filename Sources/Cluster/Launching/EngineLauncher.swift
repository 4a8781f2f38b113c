/// What starts engines, and where. A value: ``EngineLaunch`` says what is to be run, and only its driver runs it.
public enum EngineLauncher: Sendable, Hashable {
  /// Processes of this machine.
  case local
  /// Processes of other hosts, over ssh.
  case ssh(SSHLauncher)
  /// The processes of one MPI program.
  case mpi(MPILauncher)
  /// A job of a batch scheduler.
  case batch(BatchLauncher)
  /// Containers.
  case docker(DockerLauncher)

  /// ipyparallel's name for it.
  var name: String {
    switch self {
    case .local: "local"
    case .ssh: "ssh"
    case .mpi: "mpi"
    case .batch(let launcher): launcher.system.rawValue
    case .docker: "docker"
    }
  }

  /// Whether engines run on other machines, or where only the network leads, so that a controller with sockets of this machine is out of their reach.
  /// The hosts of an MPI program are up to `mpiexec`, by default this one.
  var leavesThisMachine: Bool {
    switch self {
    case .local, .mpi: false
    case .ssh, .batch, .docker: true
    }
  }
}
