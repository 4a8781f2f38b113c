import Foundation
import MartletWire

/// What `--engines` or `--controller`, the command line and the configuration say about how engines or the controller are
/// started, with ipyparallel's names.
struct LauncherOptions: Sendable, Hashable {
  /// What is started.
  enum Role: Sendable, Hashable {
    case engines
    case controller

    /// What the names of ipyparallel's classes end with.
    var classEnding: String { self == .engines ? "EngineSetLauncher" : "ControllerLauncher" }

    /// What the names of the classes above them end with.
    fileprivate var baseEnding: String { self == .engines ? "EngineLauncher" : "ControllerLauncher" }
  }

  /// The launcher, with its options.
  private(set) var launcher = EngineLauncher.local
  /// The number after the launcher's name, or that of all hosts' engines.
  private(set) var count: Int?
  /// `engine_args` or `controller_args`, and `remote_python` as an option.
  private(set) var arguments: [String] = []
  /// `environment`.
  private(set) var environment: [String: String] = [:]

  private let role: Role

  /// Reads `Cluster.engine_launcher_class` or `Cluster.controller_launcher_class` and the options of the class that it names.
  ///
  /// - Parameter classes: the classes of the cluster.
  init(_ reader: inout OptionReader, _ classes: [String], role: Role = .engines) throws(OptionError) {
    self.role = role
    var text = "local"
    let isEngines = role == .engines
    try reader.read(
      &text, isEngines ? "engine_launcher_class" : "controller_launcher_class", of: classes, as: .text)
    let spec = try LauncherSpec(text, option: isEngines ? "--engines" : "--controller")
    switch spec.kind {
    case .local:
      try readCommon(&reader, launcherClasses("Local"))
      count = try spec.number()
    case .ssh: try readSSH(&reader, spec)
    case .mpi: try readMPI(&reader, spec)
    case .docker: try readDocker(&reader, spec)
    case .slurm, .pbs, .sge, .lsf, .htcondor:
      if let system = spec.kind.batchSystem { try readBatch(&reader, spec, system) }
    }
  }

  /// ipyparallel's classes for a launcher, the most particular first.
  private func launcherClasses(_ name: String) -> [String] {
    let base = role == .engines ? ["\(name)\(role.baseEnding)"] : []
    return ["\(name)\(role.classEnding)"] + base + ["\(name)Launcher"]
  }

  private mutating func readCommon(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    let classes = classes + [role.baseEnding, "BaseLauncher"]
    var own: [String] = []
    try reader.read(&own, role == .engines ? "engine_args" : "controller_args", of: classes, as: .texts)
    arguments += own
    var variables = JSONValue.object([:])
    try reader.read(&variables, "environment", of: classes, as: .dictionary)
    environment = (variables.objectValue ?? [:]).compactMapValues(\.stringValue)
  }

  private mutating func readSSH(_ reader: inout OptionReader, _ spec: LauncherSpec) throws(OptionError) {
    let classes = (spec.isProxy ? ["SSHProxyEngineSetLauncher"] : []) + launcherClasses("SSH")
    var ssh = SSHLauncher(hosts: try spec.hosts())
    switch role {
    case .engines where spec.isProxy: try readProxy(&ssh, &reader, classes)
    case .engines: try readHosts(&ssh, &reader, classes)
    case .controller: try readHost(&ssh, &reader, classes)
    }
    try reader.readCommand(&ssh.command, "ssh_cmd", of: classes)
    try reader.read(&ssh.arguments, "ssh_args", of: classes, as: .texts)
    var user: String?
    try reader.readNonEmpty(&user, "user", of: classes)
    if let user {
      for index in ssh.hosts.indices where !ssh.hosts[index].name.contains("@") {
        ssh.hosts[index].name = "\(user)@\(ssh.hosts[index].name)"
      }
    }
    try reader.readNonEmpty(&ssh.remoteProfile, "remote_profile_dir", of: classes)
    var python: String?
    try reader.readNonEmpty(&python, "remote_python", of: classes)
    if let python { arguments.append("--python=\(python)") }
    try readCommon(&reader, classes)
    launcher = .ssh(ssh)
    count = ssh.places.count
  }

  private func readHosts(
    _ ssh: inout SSHLauncher, _ reader: inout OptionReader, _ classes: [String]
  ) throws(OptionError) {
    var engines = JSONValue.object([:])
    try reader.read(&engines, "engines", of: classes, as: .dictionary)
    if ssh.hosts.isEmpty { ssh.hosts = try LauncherSpec.hosts(engines.objectValue ?? [:]) }
    guard !ssh.places.isEmpty else {
      throw OptionError(
        "--engines=ssh: no hosts, name them: --engines=ssh:node1:2,node2:4, or in ipcluster_config.py: "
          + "c.SSHEngineSetLauncher.engines = {'node1': 2}")
    }
  }

  /// The one host of ipyparallel's proxy, which runs `ipcluster engines` there. Here each engine is started directly.
  private func readProxy(
    _ ssh: inout SSHLauncher, _ reader: inout OptionReader, _ classes: [String]
  ) throws(OptionError) {
    try readName(&ssh, &reader, classes)
    var arguments: [String] = []
    try reader.read(&arguments, "ipcluster_args", of: classes, as: .texts)
    reader.accept(["ipcluster_cmd", "scp_args", "scp_cmd"], classes)
    guard arguments.isEmpty else {
      throw OptionError(
        "SSHProxyEngineSetLauncher.ipcluster_args: no ipcluster runs on the host, options for engines are engine_args")
    }
    guard ssh.hosts.count == 1 else {
      throw OptionError("--engines=sshproxy: on which host? Write c.SSHProxyEngineSetLauncher.hostname = 'node1'")
    }
    var count = ProcessInfo.processInfo.activeProcessorCount
    try reader.read(&count, "n", of: ["Cluster", "IPClusterStart", "IPClusterEngines"], as: .int)
    ssh.hosts[0].count = max(count, 1)
  }

  /// The one host of the controller.
  private func readHost(
    _ ssh: inout SSHLauncher, _ reader: inout OptionReader, _ classes: [String]
  ) throws(OptionError) {
    try readName(&ssh, &reader, classes)
    guard ssh.hosts.count == 1, ssh.hosts[0].count == 1 else {
      throw OptionError(
        "--controller=ssh: on which host? Write --controller=ssh:node1, or in ipcluster_config.py: "
          + "c.SSHControllerLauncher.location = 'node1'")
    }
  }

  private func readName(
    _ ssh: inout SSHLauncher, _ reader: inout OptionReader, _ classes: [String]
  ) throws(OptionError) {
    // `location` is `user@host:port`, as `hostname` with `user` and `port` is.
    for trait in ["hostname", "location"] {
      var name: String?
      try reader.readNonEmpty(&name, trait, of: classes)
      if let name, ssh.hosts.isEmpty { ssh.hosts = try LauncherSpec.hosts([name: 1]) }
    }
  }

  private mutating func readMPI(_ reader: inout OptionReader, _ spec: LauncherSpec) throws(OptionError) {
    let classes = launcherClasses("MPI")
    var mpi = MPILauncher()
    try reader.readCommand(&mpi.command, "mpi_cmd", of: classes)
    try reader.read(&mpi.arguments, "mpi_args", of: classes, as: .texts)
    try readCommon(&reader, classes)
    launcher = .mpi(mpi)
    count = try spec.number()
  }

  private mutating func readDocker(_ reader: inout OptionReader, _ spec: LauncherSpec) throws(OptionError) {
    guard role == .engines else {
      throw OptionError("--controller=docker: Docker/compose.yaml shows how to have a controller in a container")
    }
    let classes = launcherClasses("Docker")
    var docker = DockerLauncher()
    try reader.read(&docker.image, "image", of: classes, as: .text)
    guard !docker.image.isEmpty, !docker.image.hasPrefix("-") else {
      throw OptionError("DockerLauncher.image should be the name of an image, not '\(docker.image)'")
    }
    try reader.readNonEmpty(&docker.network, "network", of: classes)
    try reader.readCommand(&docker.command, "docker_cmd", of: classes)
    try reader.read(&docker.arguments, "docker_args", of: classes, as: .texts)
    try readCommon(&reader, classes)
    launcher = .docker(docker)
    count = try spec.number()
  }

  private mutating func readBatch(
    _ reader: inout OptionReader, _ spec: LauncherSpec, _ system: BatchSystem
  ) throws(OptionError) {
    let name = system.className
    let classes = launcherClasses(name) + ["Batch\(role.classEnding)", "BatchSystemLauncher"]
    var batch = BatchLauncher(system)
    try reader.readNonEmpty(&batch.queue, "queue", of: classes)
    try reader.readNonEmpty(&batch.account, "account", of: classes)
    try reader.readNonEmpty(&batch.qos, "qos", of: classes)
    var timelimit = ""
    try reader.read(&timelimit, "timelimit", of: classes, as: .textOrNumber)
    if !timelimit.isEmpty { batch.timelimit = timelimit }
    try reader.readNonEmpty(&batch.options, "options", of: classes)
    try reader.readNonEmpty(&batch.template, "batch_template", of: classes)
    var file: String?
    try reader.readNonEmpty(&file, "batch_template_file", of: classes)
    if let file, batch.template == nil {
      guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
        throw OptionError("batch_template_file: \(file) can't be read")
      }
      batch.template = text
    }
    var namespace = JSONValue.object([:])
    try reader.read(&namespace, "namespace", of: classes, as: .dictionary)
    batch.namespace = (namespace.objectValue ?? [:]).mapValues { $0.stringValue ?? OptionValue.literal($0).plainText }
    try reader.readCommand(&batch.submitCommand, "submit_command", of: classes)
    try reader.readCommand(&batch.deleteCommand, "delete_command", of: classes)
    try reader.read(&batch.jobIDPattern, "job_id_regexp", of: classes, as: .text)
    var group: Int?
    try reader.read(&group, "job_id_regexp_group", of: classes, as: .int)
    batch.jobIDGroup = group
    // An unusable pattern is reported now.
    _ = try batch.jobID(in: "")
    reader.ignore(
      IgnoredOption.all(
        [
          "batch_file_name": "scripts are not kept",
          "signal_command": "jobs are ended with delete_command",
        ], of: classes))
    try readCommon(&reader, classes)
    launcher = .batch(batch)
    count = try spec.number()
  }
}

extension OptionReader {
  /// Replaces a command, a list of words of which there has to be one.
  fileprivate mutating func readCommand(
    _ command: inout [String], _ trait: String, of classes: [String]
  ) throws(OptionError) {
    try read(&command, trait, of: classes, as: .texts)
    guard !command.isEmpty else { throw OptionError("\(classes.last ?? "").\(trait) should not be empty") }
  }
}
