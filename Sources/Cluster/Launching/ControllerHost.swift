import MartletWire

/// The host on which ssh has started a controller, and how commands run there.
package struct ControllerHost: Sendable, Hashable {
  /// Its name, as ssh was given it.
  package let name: String
  /// ssh with its options and the host.
  let command: [String]
  /// The controller's program.
  let program: [String]
  /// The folder of the profile there.
  let profile: String

  /// Runs a command of the controller's program for a cluster, where its controller is.
  ///
  /// - Returns: its standard output and its standard error.
  /// - Throws: ``ClusterError`` with the command's words or those of ssh when it fails.
  package func run(_ arguments: [String], clusterID: String) async throws -> (output: String, notes: String) {
    let id = clusterID.isEmpty ? [] : ["--cluster-id=\(clusterID)"]
    let words = program + arguments + ["--profile-dir=\(profile)"] + id
    let all = command + [SSHLauncher.remote(script: words.shellCommand)]
    return try await CommandOutput.readAll(ProgramCommand(executable: all[0], arguments: Array(all.dropFirst())))
  }

  /// The host as the cluster file has it.
  var json: JSONValue {
    [
      "name": .string(name), "command": .array(command.map { .string($0) }),
      "program": .array(program.map { .string($0) }),
      "profile_dir": .string(profile),
    ]
  }

  /// The host on which a configuration starts its controller; `nil` if it isn't ssh that does.
  ///
  /// - Parameter sockets: the folder with the sockets over which connections are shared.
  init?(_ configuration: ClusterConfiguration, sockets: String?) {
    guard case .ssh(let launcher) = configuration.controllerLauncher, let host = launcher.hosts.first else {
      return nil
    }
    name = host.name
    command = launcher.words(to: host, sharing: launcher.controllerSocket(in: sockets))
    program = [configuration.controllerProgram.executable] + configuration.controllerProgram.arguments
    profile = configuration.controllerProfile.path
  }

  /// Reads what the cluster file has.
  init?(_ json: JSONValue?) {
    func texts(_ key: String) -> [String] { json?[key]?.arrayValue?.compactMap(\.stringValue) ?? [] }
    guard let name = json?["name"]?.stringValue, let profile = json?["profile_dir"]?.stringValue else { return nil }
    (self.name, self.profile, command, program) = (name, profile, texts("command"), texts("program"))
    guard !command.isEmpty, !program.isEmpty else { return nil }
  }
}
