import Foundation
import MartletWire

/// What `--engines`, the command line and the configuration say about how engines are started, with ipyparallel's names.
struct LauncherOptions: Sendable, Hashable {
  /// The launcher, with its options.
  private(set) var launcher = EngineLauncher.local
  /// The number after the launcher's name, or that of all hosts' engines.
  private(set) var count: Int?
  /// `engine_args`, and `remote_python` as an option for engines.
  private(set) var arguments: [String] = []
  /// `environment`.
  private(set) var environment: [String: String] = [:]

  /// Reads `Cluster.engine_launcher_class` and the options of the class that it names.
  ///
  /// - Parameter classes: the classes of the cluster.
  init(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    var text = "local"
    try reader.read(&text, "engine_launcher_class", of: classes, as: .text)
    let spec = try LauncherSpec(text)
    switch spec.kind {
    case .local:
      try readCommon(&reader, ["LocalEngineSetLauncher", "LocalEngineLauncher"])
      count = try spec.number()
    case .ssh: try readSSH(&reader, spec)
    case .mpi: try readMPI(&reader, spec)
    case .docker: try readDocker(&reader, spec)
    case .slurm, .pbs, .sge, .lsf, .htcondor:
      if let system = spec.kind.batchSystem { try readBatch(&reader, spec, system) }
    }
  }

  private mutating func readCommon(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    let classes = classes + ["EngineLauncher", "BaseLauncher"]
    var own: [String] = []
    try reader.read(&own, "engine_args", of: classes, as: .texts)
    arguments += own
    var variables = JSONValue.object([:])
    try reader.read(&variables, "environment", of: classes, as: .dictionary)
    environment = (variables.objectValue ?? [:]).compactMapValues(\.stringValue)
  }

  private mutating func readSSH(_ reader: inout OptionReader, _ spec: LauncherSpec) throws(OptionError) {
    let classes = ["SSHEngineSetLauncher", "SSHEngineLauncher", "SSHLauncher"]
    var ssh = SSHLauncher(hosts: try spec.hosts())
    var engines = JSONValue.object([:])
    try reader.read(&engines, "engines", of: classes, as: .dictionary)
    if ssh.hosts.isEmpty { ssh.hosts = try LauncherSpec.hosts(engines.objectValue ?? [:]) }
    guard !ssh.places.isEmpty else {
      throw OptionError(
        "--engines=ssh: no hosts, name them: --engines=ssh:node1:2,node2:4, or in ipcluster_config.py: "
          + "c.SSHEngineSetLauncher.engines = {'node1': 2}")
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
    var python: String?
    try reader.readNonEmpty(&python, "remote_python", of: classes)
    if let python { arguments.append("--python=\(python)") }
    try readCommon(&reader, classes)
    launcher = .ssh(ssh)
    count = ssh.places.count
  }

  private mutating func readMPI(_ reader: inout OptionReader, _ spec: LauncherSpec) throws(OptionError) {
    let classes = ["MPIEngineSetLauncher", "MPILauncher"]
    var mpi = MPILauncher()
    try reader.readCommand(&mpi.command, "mpi_cmd", of: classes)
    try reader.read(&mpi.arguments, "mpi_args", of: classes, as: .texts)
    try readCommon(&reader, classes)
    launcher = .mpi(mpi)
    count = try spec.number()
  }

  private mutating func readDocker(_ reader: inout OptionReader, _ spec: LauncherSpec) throws(OptionError) {
    let classes = ["DockerEngineSetLauncher", "DockerLauncher"]
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
    let classes = [
      "\(name)EngineSetLauncher", "\(name)Launcher", "BatchEngineSetLauncher", "BatchSystemLauncher",
    ]
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
