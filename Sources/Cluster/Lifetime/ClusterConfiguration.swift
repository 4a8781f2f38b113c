import Foundation
import MartletEngine

/// The profile, the programs and the number of engines of a cluster to start.
public struct ClusterConfiguration: Sendable, Hashable {
  /// Where the controller listens.
  public enum Network: Sendable, Hashable {
    /// Sockets in a private folder of this machine.
    case local
    /// A transport and an address, for example `tcp` and `*`.
    case address(transport: String, ip: String)
  }

  /// The profile, created if it is missing.
  public var profile: ProfileDirectory
  /// Distinguishes clusters of one profile; empty for the default cluster.
  public var clusterID: String
  /// The engines to start with; by default one per core of this machine.
  public var engines: [EngineGroup]
  /// The program that runs as the controller when called with `controller …`.
  public var controllerProgram: ProgramCommand
  /// What starts the controller, and where: of the hosts of `ssh` on the first, from which its connection files are fetched. A
  /// job's node has to share the profile's folder with this machine. Containers don't have it.
  public var controllerLauncher = EngineLauncher.local
  /// Variables that the controller has in addition to those of its surroundings.
  public var controllerEnvironment: [String: String] = [:]
  /// The program that runs as an engine when called with `engine …`, for groups without one of their own.
  public var engineProgram: ProgramCommand
  /// Options passed on to the controller.
  public var controllerArguments: [String] = []
  /// Options passed on to each engine.
  public var engineArguments: [String] = []
  /// Whether and with which Python the engines run Python code. What has its default here is up to the profile's
  /// configuration of engines.
  public var python = PythonConfiguration()
  /// Whether an engine that ends unexpectedly, because it crashed or lost its Python, is started again. One that ends
  /// soon after its start again and again is given up. Default: false, because what its namespace held is lost.
  public var restartsEngines = false
  /// Whether a controller that ends unexpectedly is started again, with the same addresses, key and engines. One that
  /// ends soon after its start again and again is given up. Default: false, which is right for clusters that end with the
  /// program that started them. One in a batch scheduler's job is submitted again, unless it was cancelled; where the next job
  /// is on another node, its address is new, which clients and engines find in the connection file.
  public var restartsController = false
  /// When ended engines are started again.
  var restartPolicy = EngineRestartPolicy()
  /// When hosts are left out on which engines fail at once.
  var hostPolicy = HostHealth.Policy()
  /// Where the controller listens. ``Network/local`` becomes `tcp` at all addresses of this machine when engines are
  /// started elsewhere or in containers.
  public var network = Network.local
  /// The host that remote peers connect to; this host's name by default.
  public var location: String?
  /// How long the controller and the engines may take to start.
  public var startTimeout = Duration.seconds(60)
  /// How long each process has to exit before it is killed.
  public var stopGrace = Duration.seconds(5)
  /// Whether the logs of the controller and the engines are removed with the cluster.
  public var removesLogs = false

  /// A cluster whose controller and engines are this program itself.
  ///
  /// - Parameters:
  ///   - engines: the groups of engines; by default one engine for each processor of this machine.
  ///   - profile: where its files are.
  ///   - clusterID: tells it from other clusters of the profile.
  public init(
    engines: [EngineGroup] = [.local(ProcessInfo.processInfo.activeProcessorCount)],
    profile: ProfileDirectory = ProfileDirectory(name: "default"), clusterID: String = ""
  ) {
    self.engines = engines
    self.profile = profile
    self.clusterID = clusterID
    controllerProgram = .current
    engineProgram = .current
  }

  /// The number of engines to start with.
  public var engineCount: Int { engines.reduce(0) { $0 + $1.engineCount } }

  /// Whether the controller or engines are started on other machines.
  var leavesThisMachine: Bool {
    controllerLauncher.leavesThisMachine || engines.contains { $0.launcher.leavesThisMachine }
  }

  /// The controller's options but for where it listens.
  var controllerOptions: [String] {
    sharedArguments + python.options.controllerArguments + controllerArguments
  }

  /// The controller's command line.
  ///
  /// - Parameters:
  ///   - socketAddress: the address of sockets of this machine; `nil` for none.
  ///   - hasOwnNetwork: whether its own options or the profile say where it listens.
  func controllerArguments(socketAddress: String?, hasOwnNetwork: Bool) -> [String] {
    var arguments = ["controller"] + Self.sharedArguments(controllerProfile, clusterID)
    switch network {
    case .address(let transport, let ip): arguments += ["--transport=\(transport)", "--ip=\(ip)"]
    case .local where hasOwnNetwork: break
    case .local where leavesThisMachine: arguments += ["--transport=tcp", "--ip=*"]
    case .local: if let socketAddress { arguments += ["--transport=ipc", "--ip=\(socketAddress)"] }
    }
    if let location { arguments.append("--location=\(location)") }
    return arguments + python.options.controllerArguments + controllerArguments
  }

  /// What all roles of the cluster are told.
  var sharedArguments: [String] { Self.sharedArguments(profile, clusterID) }

  private static func sharedArguments(_ profile: ProfileDirectory, _ clusterID: String) -> [String] {
    ["--profile-dir=\(profile.path)", "--cluster-id=\(clusterID)"]
  }

  /// How long engines of a group live, as far as their options and their job's say. That takes reading files and writing the
  /// job's script, so ask once.
  func lifetime(of group: EngineGroup) -> EngineLifetime {
    let environment: [String: String] =
      switch group.launcher {
      case .local, .mpi: ProcessInfo.processInfo.environment
      case .ssh, .docker: [:]
      case .batch:
        (try? group.launch(0, in: launchContext(set: "")))?.environment.compactMapValues(\.self) ?? [:]
      }
    let arguments = sharedArguments + engineArguments + group.arguments
    guard let options = try? EngineOptions.read(arguments, environment: environment).options else { return .unknown }
    if let span = options.limits.lifetime { return .span(span) }
    guard let end = options.allocationEnd else { return .unknown }
    guard case .batch = group.launcher else { return .end(end) }
    // A job begins with its engines.
    return AllocationTime.left(environment, at: Date()).map { .span($0) } ?? .unknown
  }

  /// What the launches of an engine set have in common.
  func launchContext(set: String) -> LaunchContext {
    LaunchContext(
      profile: profile, clusterID: clusterID, set: set, program: engineProgram,
      arguments: python.engineArguments + engineArguments, hasLocation: location != nil)
  }

  /// A cluster id for one run: the seconds since 1970 and four random letters or digits, as in ipyparallel.
  public static func randomClusterID() -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    let random = String((0..<4).compactMap { _ in letters.randomElement() })
    return "\(Int(Date().timeIntervalSince1970))-\(random)"
  }
}
