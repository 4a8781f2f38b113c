import Foundation
import MartletWire

extension ClusterConfiguration {
  /// The launch of the controller.
  ///
  /// - Parameters:
  ///   - arguments: the controller's command line, from `controller` on.
  ///   - label: tells the files of this launch from those of others.
  ///   - sockets: the folder with the sockets over which connections to hosts are shared; `nil` if they aren't.
  ///   - replacesFiles: whether connection files that are there are another controller's.
  /// - Throws: ``OptionError`` for a launcher that starts no controller, or a batch template that can't be used.
  func controllerLaunch(
    _ arguments: [String], label: String, sockets: String?, replacesFiles: Bool
  ) throws(OptionError) -> EngineLaunch {
    let command = controllerProgram.adding(arguments)
    let name = "\(profile.log)/ipcontroller-\(clusterID)-\(label)"
    var launch = EngineLaunch(kind: .starter, command: command, input: .lifeline, uuids: [], log: "\(name).log")
    launch.environment = controllerEnvironment.mapValues(Optional.some)
    switch controllerLauncher {
    case .local: break
    case .mpi(let launcher): launch.command = launcher.command(count: 1, running: command)
    case .ssh(let launcher):
      guard let host = launcher.hosts.first else { throw OptionError("the controller's launcher ssh has no host") }
      launch.kind = .connection(host: host.name)
      launch.input = .silence
      launch.environment = [:]
      launch.command = launcher.command(
        on: host, running: command, environment: controllerEnvironment.merging([Lifeline.variable: "stdin"]) { $1 },
        removing: replacesFiles ? remoteFiles(launcher).map(\.path) : [],
        sharing: launcher.controllerSocket(in: sockets))
    case .batch(let launcher):
      launch.kind = .job(launcher)
      launch.input = .nothing
      let suffix = launcher.system == .slurm ? "sbatch" : launcher.system.rawValue
      let script = EngineLaunch.Script(
        path: "\(name).\(suffix)",
        text: try launcher.script(
          .controller, count: 1, running: command, environment: controllerEnvironment,
          context: launchContext(set: ""), log: launch.log))
      launch.script = script
      launch.command = launcher.submission(of: script.path)
    case .docker:
      throw OptionError("a controller isn't started in a container: Docker/compose.yaml shows how to have one there")
    }
    return launch
  }

  /// The options with which the controller is started that depend on whether it is started again.
  ///
  /// A scheduler may start a job again by itself, and on another node, so a job always begins with what it finds. There is
  /// nothing to be found the first time.
  func restartArguments(isFirst: Bool) -> [String] {
    if isControllerJob { ["--restore", "--new-host"] } else { [isFirst ? "--new-journal" : "--restore"] }
  }

  /// Whether a batch scheduler starts the controller.
  var isControllerJob: Bool { if case .batch = controllerLauncher { true } else { false } }

  /// The folder of the profile as the controller sees it.
  var controllerProfile: ProfileDirectory {
    if case .ssh(let launcher) = controllerLauncher, let path = launcher.remoteProfile {
      ProfileDirectory(path: path)
    } else {
      profile
    }
  }

  /// Whether the controller's host may write its connection files elsewhere than here.
  var fetchesConnectionFiles: Bool { if case .ssh = controllerLauncher { true } else { false } }

  /// Gets the connection files of a controller that ssh has started, as soon as it has written them.
  ///
  /// - Parameter sockets: the folder with the sockets over which connections are shared.
  /// - Throws: `ConnectionError` for a file that can't be used; ``ClusterError`` if keys are admitted by name here and not
  ///   there; `CancellationError`.
  func fetchConnectionFiles(sockets: String?) async throws {
    guard case .ssh(let launcher) = controllerLauncher, let host = launcher.hosts.first else { return }
    let files = ClusterFiles(clusterID: clusterID, profile: profile)
    for (remote, own) in zip(remoteFiles(launcher), files.connections) {
      let command = launcher.reading(remote.path, on: host, sharing: launcher.controllerSocket(in: sockets))
      var text = ""
      while text.isEmpty {
        // It fails until there is a file. When the host is out of reach, the controller's own connection ends, too.
        text = (try? await CommandOutput.read(command)) ?? ""
        if text.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
      }
      try PrivateFile.write(Data(text.utf8), to: own.path)
      _ = try own.read()
    }
    guard files.authorizedKeys.isInUse, try files.clientConnection.read().curveKeys == nil else { return }
    throw ClusterError(
      "keys are admitted by name here (martlet keys list), but the controller on \(host.name) has a profile of its own "
        + "without any: remove \(files.authorizedKeys.folder), and add keys while the controller runs")
  }

  private func remoteFiles(_ launcher: SSHLauncher) -> [ConnectionFile] {
    ClusterFiles(clusterID: clusterID, profile: controllerProfile).connections
  }
}

extension SSHLauncher {
  /// The socket over which the connection to the controller's host is shared.
  func controllerSocket(in folder: String?) -> String? { folder.map { "\($0)/ssh-controller" } }
}
