import MartletWire

/// What is to be run so that one engine starts, or several at once, or the controller: a value from which nothing has been
/// started yet.
struct EngineLaunch: Sendable, Hashable {
  /// What the process has as its standard input.
  enum Input: Sendable, Hashable {
    /// A pipe that ends when this process does.
    case lifeline
    /// The engines' connection, which nobody else may read, then as ``lifeline``.
    case connection
    /// A pipe of its own, which ends when this process does or wants to end it.
    case silence
    /// Nothing: what is started reads files.
    case nothing
  }

  /// How it is run.
  enum Kind: Sendable, Hashable {
    /// A process of this machine that is the engine.
    case engine
    /// A process of this machine that stands for an engine on a host and first prints ``SSHLauncher/startMark``.
    case connection(host: String)
    /// A process of this machine that is the controller, or starts it, or starts all engines and ends when they have.
    case starter
    /// A command that hands the script to a batch scheduler.
    case job(BatchLauncher)
    /// A process of this machine that stands for a container with an engine.
    case container(String, DockerLauncher)
  }

  /// How it is run.
  var kind: Kind
  /// What is run on this machine.
  var command: ProgramCommand
  /// The command's variables that differ from this process's own; `nil` removes one.
  var environment: [String: String?] = [:]
  /// The command's standard input.
  var input: Input
  /// The script that the command is given, with its file's path.
  var script: Script?
  /// The uuids of the engines.
  var uuids: [String]
  /// The log file on this machine.
  var log: String

  /// A file that is written before the command runs.
  struct Script: Sendable, Hashable {
    var path: String
    var text: String
  }

  /// What `--dry-run` prints: the command as it would be typed, and its script.
  var text: String {
    let variables = environment.sorted { $0.key < $1.key }
    let removed = variables.filter { $0.value == nil }.flatMap { ["-u", $0.key] }
    let set = variables.compactMap { name, value in value.map { "\(name)=\($0)" } }
    let prefix = variables.isEmpty ? [] : ["env"] + removed + set
    var lines = [(prefix + [command.executable] + command.arguments).shellCommand]
    switch input {
    case .lifeline, .silence, .nothing: break
    case .connection: lines.append("# standard input: the content of the engines' connection file")
    }
    if let script {
      lines = ["cat > \(script.path) <<'END'", script.text + "END"] + lines
    }
    return lines.joined(separator: "\n")
  }
}

/// What the launches of a cluster's engines have in common.
struct LaunchContext: Sendable, Hashable {
  /// The profile.
  let profile: ProfileDirectory
  /// The cluster of the profile.
  let clusterID: String
  /// The name of the engine set.
  let set: String
  /// The cluster's program and its options for engines.
  let program: ProgramCommand
  /// Options for all engines.
  let arguments: [String]
  /// Whether the connection file has a location that was chosen for engines elsewhere.
  var hasLocation = false
  /// The folder with the sockets over which connections to hosts are shared; `nil` if they aren't.
  var sockets: String?

  /// The log of a launch.
  func log(_ number: Int) -> String { "\(profile.log)/ipengine-\(clusterID)-\(set)-\(number).log" }

  /// The socket over which a connection to a host is shared.
  func socket(_ connection: SSHLauncher.Connection) -> String? {
    sockets.map { "\($0)/ssh-\(set)-\(connection.host)-\(connection.number)" }
  }
}

extension EngineGroup {
  /// A launch of the group's.
  ///
  /// - Parameters:
  ///   - number: from 0 to below ``launchCount``.
  ///   - newID: makes a uuid.
  /// - Throws: ``OptionError`` for a batch template that can't be used.
  func launch(
    _ number: Int, in context: LaunchContext, newID: () -> String = Session.randomID
  ) throws(OptionError) -> EngineLaunch {
    let id = newID()
    let folder =
      if case .ssh(let launcher) = launcher { launcher.remoteProfile ?? context.profile.path } else {
        context.profile.path
      }
    let profile = ["--profile-dir=\(folder)", "--cluster-id=\(context.clusterID)"]
    let options = context.arguments + resources.engineArguments + arguments
    let program = program ?? context.program
    let log = context.log(number)
    let command = program.adding(["engine"] + profile + options)
    let ranks = (0..<count).map { EngineOptions.uuid(ofSet: id, rank: $0) }
    switch launcher {
    case .local:
      return EngineLaunch(
        kind: .engine, command: command,
        environment: EngineOptions.environment(uuid: id).merging(environment) { $1 }, input: .lifeline, uuids: [id],
        log: log)
    case .ssh(let launcher):
      let host = launcher.places[number]
      // The connection is sent, so the other host needs no file.
      let remote = program.adding(["engine", "--file=-"] + profile + options + host.arguments)
      let variables = environment.merging(host.environment) { $1 }
      return EngineLaunch(
        kind: .connection(host: host.name),
        command: launcher.command(
          on: host, running: remote, environment: variables.merging([EngineOptions.uuidVariable: id]) { $1 },
          sharing: context.socket(launcher.connections[number])),
        input: .connection, uuids: [id], log: log)
    case .docker(let launcher):
      let name = "martlet-\(id)"
      let variables = environment.merging([EngineOptions.uuidVariable: id]) { $1 }
      return EngineLaunch(
        kind: .container(name, launcher),
        command: launcher.run(
          name: name, program: self.program, options: options, variables: Array(variables.keys), in: context),
        environment: variables, input: .connection, uuids: [id], log: log)
    case .mpi(let launcher):
      return EngineLaunch(
        kind: .starter, command: launcher.command(count: count, running: command),
        environment: EngineOptions.environment(setUUID: id).merging(environment) { $1 }, input: .nothing, uuids: ranks,
        log: log)
    case .batch(let launcher):
      let suffix = launcher.system == .slurm ? "sbatch" : launcher.system.rawValue
      var variables = EngineOptions.environment(setUUID: id)
      variables.merge(environment) { $1 }
      let script = EngineLaunch.Script(
        path: "\(context.profile.log)/ipengine-\(context.clusterID)-\(context.set).\(suffix)",
        text: try launcher.script(
          .engines, count: count, running: command, environment: variables.compactMapValues(\.self), context: context,
          log: log))
      if let time = launcher.system.timeLimit(in: script.text) {
        variables.merge([AllocationTime.variable: "\(time.components.seconds)"]) { own, _ in own }
      }
      return EngineLaunch(
        kind: .job(launcher), command: launcher.submission(of: script.path), environment: variables, input: .nothing,
        script: script, uuids: ranks, log: log)
    }
  }
}
