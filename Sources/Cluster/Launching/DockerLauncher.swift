/// Engines in containers of an image, one in each, which Docker runs on this machine or on the one that its context names.
///
/// The image's entry point has to be `martlet` or a program of yours. An engine gets the cluster's connection over its
/// standard input, which no command line and no file shows, and ends when that does: when the cluster ends or this process
/// is gone. Containers have the labels `martlet.cluster-id` and `martlet.profile-dir`.
public struct DockerLauncher: Sendable, Hashable {
  /// The image.
  public var image = "martlet"
  /// The network of the containers; `nil` for Docker's default, a bridge.
  public var network: String?
  /// The command, `docker`.
  public var command = ["docker"]
  /// Options for `docker run`, for example `["--cpus=2", "--memory=4g"]`. They come after those that Martlet sets.
  public var arguments: [String] = []

  /// A launcher for an image.
  public init(image: String = "martlet") { self.image = image }

  /// The labels with the cluster's id and profile.
  private static let label = "martlet.cluster-id"
  private static let profileLabel = "martlet.profile-dir"

  /// The name by which containers of a bridge reach the machine they run on.
  private static let host = "host.docker.internal"

  /// The command that runs one engine in a container.
  ///
  /// - Parameters:
  ///   - name: the container's.
  ///   - program: what takes the place of the image's entry point; `nil` for that.
  ///   - options: the engine's options.
  ///   - variables: the names of variables that are taken over from the command's environment.
  ///   - context: the cluster.
  func run(
    name: String, program: ProgramCommand?, options: [String], variables: [String], in context: LaunchContext
  ) -> ProgramCommand {
    var words = command + ["run", "--rm", "--interactive", "--name", name]
    words += Self.labels(ClusterFiles(clusterID: context.clusterID, profile: context.profile)).flatMap {
      ["--label", $0]
    }
    if let network { words += ["--network", network] }
    var location: [String] = []
    // In a network of its own the container doesn't know this machine's name.
    if network != "host" {
      words += ["--add-host", "\(Self.host):host-gateway"]
      if !context.hasLocation { location = ["--location=\(Self.host)"] }
    }
    words += variables.sorted().flatMap { ["--env", $0] }
    if let program { words += ["--entrypoint", program.executable] }
    words += arguments + [image] + (program?.arguments ?? []) + ["engine", "--file=-"] + location + options
    return Self.command(words)
  }

  /// The command that prints the ids of a cluster's containers, running or not.
  func search(_ files: ClusterFiles) -> ProgramCommand {
    Self.command(command + ["ps", "--all", "--quiet"] + Self.labels(files).flatMap { ["--filter", "label=\($0)"] })
  }

  /// The command that ends and removes containers, if they are still there.
  func removal(of containers: [String]) -> ProgramCommand {
    Self.command(command + ["rm", "--force"] + containers)
  }

  private static func labels(_ files: ClusterFiles) -> [String] {
    ["\(label)=\(files.clusterID)", "\(profileLabel)=\(files.profile.path)"]
  }

  /// What the exit status of `docker run` says about the container: Docker adds the number of a signal to 128.
  static func status(_ status: ExitStatus) -> ExitStatus {
    guard case .exited(let code) = status, (129...192).contains(code) else { return status }
    return .unknown("exit code \(code), as \(ExitStatus.signaled(code - 128)) leaves it")
  }

  private static func command(_ words: [String]) -> ProgramCommand {
    ProgramCommand(executable: words[0], arguments: Array(words.dropFirst()))
  }
}
