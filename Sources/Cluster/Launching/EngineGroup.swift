import MartletEngine
import MartletWire

/// Engines of a cluster that are started in the same way.
///
/// ```swift
/// configuration.engines = [.local(4), .ssh(["node1": 8, "node2": 8]), .slurm(64, partition: "short")]
/// ```
public struct EngineGroup: Sendable, Hashable {
  /// What the group is called when it is scaled; `nil` for its launcher's name.
  public var name: String?
  /// What starts them, and where.
  public var launcher: EngineLauncher
  /// How many; for `ssh` at most as many as its hosts have places.
  public var count: Int
  /// The program that runs as an engine when called with `engine …`, as it is called where it runs; `nil` for the
  /// cluster's.
  public var program: ProgramCommand?
  /// What each engine offers to tasks that require something.
  public var resources = Resources()
  /// Bounds between which the group grows and shrinks by itself; `nil` if it has as many engines as it is told.
  public var scaling: EngineScaling?
  /// Options for each engine, after the cluster's.
  public var arguments: [String] = []
  /// Variables that engines have in addition to those of their surroundings.
  public var environment: [String: String] = [:]

  /// A group.
  public init(_ launcher: EngineLauncher, count: Int, program: ProgramCommand? = nil) {
    self.launcher = launcher
    self.count = count
    self.program = program
  }

  /// Processes of this machine.
  public static func local(_ count: Int) -> EngineGroup { EngineGroup(.local, count: count) }

  /// Engines on hosts that OpenSSH reaches, by name.
  public static func ssh(_ counts: [String: Int]) -> EngineGroup {
    let hosts = counts.sorted { $0.key < $1.key }.map { SSHHost($0.key, count: $0.value) }
    return .ssh(SSHLauncher(hosts: hosts))
  }

  /// As many engines as the launcher's hosts have places.
  public static func ssh(_ launcher: SSHLauncher) -> EngineGroup {
    EngineGroup(.ssh(launcher), count: launcher.places.count)
  }

  /// Engines that one `mpiexec` starts.
  public static func mpi(_ count: Int) -> EngineGroup { EngineGroup(.mpi(MPILauncher()), count: count) }

  /// Engines in one job of Slurm's.
  ///
  /// - Parameter partition: where it waits; `nil` for the default one.
  public static func slurm(_ count: Int, partition: String? = nil) -> EngineGroup {
    batch(.slurm, count, queue: partition)
  }

  /// Engines in one job of a batch scheduler.
  ///
  /// - Parameter queue: the queue; `nil` for the default one.
  public static func batch(_ system: BatchSystem, _ count: Int, queue: String? = nil) -> EngineGroup {
    var launcher = BatchLauncher(system)
    launcher.queue = queue
    return EngineGroup(.batch(launcher), count: count)
  }

  /// Engines in containers of an image.
  ///
  /// - Parameter network: the containers' network; `nil` for Docker's default.
  public static func docker(_ count: Int, image: String = "martlet", network: String? = nil) -> EngineGroup {
    var launcher = DockerLauncher(image: image)
    launcher.network = network
    return EngineGroup(.docker(launcher), count: count)
  }

  /// How many launches the group takes: one for each engine where they can be started one by one, else one for all.
  var launchCount: Int {
    switch launcher {
    case .local, .docker: count
    case .ssh(let launcher): min(count, launcher.places.count)
    case .mpi, .batch: min(count, 1)
    }
  }

  /// How many launches there can be of one set.
  var placeLimit: Int {
    switch launcher {
    case .local, .docker: .max
    case .ssh(let launcher): launcher.places.count
    case .mpi, .batch: 1
    }
  }

  /// How many engines the group can have.
  var engineLimit: Int { if case .ssh(let launcher) = launcher { launcher.places.count } else { .max } }

  /// Leaves engines out that are started together with others.
  mutating func shrink(to count: Int) {
    switch launcher {
    case .local, .docker, .ssh: break
    case .mpi, .batch: self.count = count
    }
  }

  /// Keeps jobs from some nodes.
  mutating func exclude(_ nodes: [String]) {
    guard case .batch(var launcher) = launcher else { return }
    launcher.excludedNodes = nodes
    self.launcher = .batch(launcher)
  }

  /// The launches of some numbers that can be made at the same time, each list in its order.
  func lanes(of numbers: [Int]) -> [[Int]] {
    guard case .ssh(let launcher) = launcher else { return [numbers] }
    let connections = launcher.connections
    let known = numbers.filter(connections.indices.contains)
    return Array(Dictionary(grouping: known) { connections[$0].lane }.values)
  }

  /// The number of engines that the group has when all of them run.
  public var engineCount: Int {
    switch launcher {
    case .ssh: launchCount
    case .local, .mpi, .batch, .docker: count
    }
  }
}
