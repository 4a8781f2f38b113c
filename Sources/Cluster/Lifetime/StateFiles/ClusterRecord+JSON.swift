import MartletWire

extension ClusterRecord {
  /// The file's content.
  package var json: JSONValue {
    var fields: [String: JSONValue] = [
      "cluster": [
        "class": "ipyparallel.cluster.cluster.Cluster", "cluster_id": .string(files.clusterID),
        "profile_dir": .string(files.profile.path), "n": .int(engineCount),
      ],
      "engines": ["class": "local", "sets": .object(engineSets.mapValues(set))],
      "martlet": .object(
        supervisor.fields.merging([
          "format": .int(Self.format), "socket_directory": socketDirectory.map { .string($0) } ?? .null,
          "restarts": restarts.json, "jobs": .object(jobs.mapValues(\.json)),
          "docker_commands": .array(dockerCommands.map { .array($0.map { .string($0) }) }),
          "controller_host": controllerHost?.json ?? .null,
        ]) { $1 }),
    ]
    switch controller {
    case .process(let process):
      let host: [String: JSONValue] = process.host.map { ["host": .string($0)] } ?? [:]
      fields["controller"] = ["class": "local", "state": .object(state(of: process).merging(host) { $1 })]
    case .job(let job): fields["controller"] = ["class": .string(job.system.rawValue), "state": state(of: job)]
    case nil: break
    }
    return .object(fields)
  }

  private func state(of process: Process) -> [String: JSONValue] {
    [
      "profile_dir": .string(files.profile.path), "cluster_id": .string(files.clusterID), "state": "running",
      "pid": .int(process.pid), "output_file": .string(process.log),
    ]
  }

  /// With the members that ipyparallel's launchers of jobs have.
  private func state(of job: Job) -> JSONValue {
    let own: [String: JSONValue] = [
      "profile_dir": .string(files.profile.path), "cluster_id": .string(files.clusterID), "state": "running",
    ]
    return .object(own.merging(job.json.objectValue ?? [:]) { $1 })
  }

  private func set(_ engines: [Int: Process]) -> JSONValue {
    var members: [String: JSONValue] = [:]
    for (number, engine) in engines {
      let own: [String: JSONValue] = [
        "n": .int(engine.engines), "host": engine.host.map { .string($0) } ?? .null,
        "container": engine.container.map { .string($0) } ?? .null,
      ]
      members["\(number)"] = .object(state(of: engine).merging(own) { $1 })
    }
    return [
      "profile_dir": .string(files.profile.path), "cluster_id": .string(files.clusterID), "state": "running", "pid": -1,
      "output_file": "", "n": .int(engines.values.reduce(0) { $0 + $1.engines }), "engines": .object(members),
    ]
  }

  /// Reads the content of a file. The file's path identifies the cluster, because a folder may have other names
  /// elsewhere.
  ///
  /// - Throws: ``OptionError`` with the key that is missing or has the wrong type; ``StateFileProblem`` for a file of a
  ///   later format.
  init(json: JSONValue, files: ClusterFiles) throws {
    guard let martlet = json["martlet"], let format = martlet["format"]?.intValue else {
      throw OptionError("'martlet' lacks 'format'")
    }
    guard format <= Self.format else {
      throw StateFileProblem(
        path: files.record, reason: "a newer version of Martlet wrote it (format \(format)), use that one",
        isNewer: true)
    }
    self.init(files: files, supervisor: try ProcessReference(json: martlet))
    if let directory = martlet["socket_directory"], !directory.isNull {
      guard let path = directory.stringValue else { throw OptionError("'socket_directory' is not text") }
      socketDirectory = path
    }
    restarts = EngineRestartCounts(json: martlet["restarts"])
    controllerHost = ControllerHost(martlet["controller_host"])
    for command in martlet["docker_commands"]?.arrayValue ?? [] {
      let words = command.arrayValue?.compactMap(\.stringValue) ?? []
      if !words.isEmpty { dockerCommands.insert(words) }
    }
    for (set, job) in martlet["jobs"]?.objectValue ?? [:] { jobs[set] = try Job(job) }
    guard json["cluster"]?["cluster_id"]?.stringValue == files.clusterID else {
      throw OptionError("'cluster_id' is not that of the file's name")
    }
    if let controller = json["controller"] {
      let state = controller["state"]
      self.controller =
        if let state, state["job_id"] != nil { .job(try Job(state)) } else { .process(try Process(state)) }
    }
    guard let sets = json["engines"]?["sets"]?.objectValue else { throw OptionError("'engines' lacks 'sets'") }
    for (name, set) in sets {
      guard let engines = set["engines"]?.objectValue else { throw OptionError("an engine set lacks 'engines'") }
      for (number, engine) in engines {
        guard let number = Int(number) else { throw OptionError("an engine's number is none") }
        engineSets[name, default: [:]][number] = try Process(engine)
      }
    }
  }
}

extension ClusterRecord.Process {
  fileprivate init(_ state: JSONValue?) throws(OptionError) {
    guard let pid = state?["pid"]?.intValue, pid > 0 else { throw OptionError("a process lacks 'pid'") }
    self.init(
      pid: pid, log: state?["output_file"]?.stringValue ?? "", engines: state?["n"]?.intValue ?? 1,
      host: state?["host"]?.stringValue, container: state?["container"]?.stringValue)
  }
}

extension ClusterRecord.Job {
  fileprivate var json: JSONValue {
    [
      "scheduler": .string(system.rawValue), "job_id": .string(id), "output_file": .string(log), "n": .int(engines),
      "delete_command": .array(deleteCommand.map { .string($0) }),
    ]
  }

  fileprivate init(_ json: JSONValue) throws(OptionError) {
    guard let id = json["job_id"]?.stringValue else { throw OptionError("a job lacks 'job_id'") }
    let system = json["scheduler"]?.stringValue.flatMap(BatchSystem.init) ?? .slurm
    let command = json["delete_command"]?.arrayValue?.compactMap(\.stringValue) ?? []
    self.init(
      system: system, id: id, log: json["output_file"]?.stringValue ?? "", engines: json["n"]?.intValue ?? 1,
      deleteCommand: command.isEmpty ? system.deleteCommand : command)
  }
}

extension EngineRestartCounts {
  fileprivate var json: JSONValue {
    ["restarted": .int(restarted), "waiting": .int(waiting), "given_up": .int(givenUp)]
  }

  /// Reads the counts, which are zero in files of earlier versions.
  fileprivate init(json: JSONValue?) {
    self.init(
      restarted: json?["restarted"]?.intValue ?? 0, waiting: json?["waiting"]?.intValue ?? 0,
      givenUp: json?["given_up"]?.intValue ?? 0)
  }
}

extension EngineRestartCounts {
  /// The counts as a sentence; `nil` if no engine has ended unexpectedly.
  package var summary: String? {
    guard self != EngineRestartCounts() else { return nil }
    return "Engines started again: \(restarted); waiting for their next start: \(waiting); given up: \(givenUp)"
  }
}
