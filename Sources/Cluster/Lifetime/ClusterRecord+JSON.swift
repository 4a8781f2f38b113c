import MartletWire

extension ClusterRecord {
  /// The content of the file.
  public var json: JSONValue {
    var fields: [String: JSONValue] = [
      "cluster": [
        "class": "ipyparallel.cluster.cluster.Cluster", "cluster_id": .string(clusterID),
        "profile_dir": .string(profile.path), "n": .int(engineCount),
      ],
      "engines": ["class": "local", "sets": .object(engineSets.mapValues(set))],
      "martlet": [
        "pid": .int(supervisor), "start_mark": supervisorMark.map { .string($0) } ?? .null,
        "socket_directory": socketDirectory.map { .string($0) } ?? .null,
      ],
    ]
    if let controller { fields["controller"] = ["class": "local", "state": .object(state(of: controller))] }
    return .object(fields)
  }

  private func state(of process: Process) -> [String: JSONValue] {
    [
      "profile_dir": .string(profile.path), "cluster_id": .string(clusterID), "state": "running",
      "pid": .int(process.pid), "output_file": .string(process.log),
    ]
  }

  private func set(_ engines: [Int: Process]) -> JSONValue {
    var members: [String: JSONValue] = [:]
    for (number, engine) in engines {
      members["\(number)"] = .object(state(of: engine).merging(["n": 1]) { $1 })
    }
    return [
      "profile_dir": .string(profile.path), "cluster_id": .string(clusterID), "state": "running", "pid": -1,
      "output_file": "", "n": .int(engines.count), "engines": .object(members),
    ]
  }

  /// Reads the content of a file.
  ///
  /// - Throws: ``OptionError`` that names the missing field.
  public init(json: JSONValue) throws(OptionError) {
    guard let cluster = json["cluster"], let id = cluster["cluster_id"]?.stringValue,
      let directory = cluster["profile_dir"]?.stringValue
    else { throw OptionError("'cluster' lacks cluster_id or profile_dir") }
    guard let supervisor = json["martlet"]?["pid"]?.intValue else { throw OptionError("'martlet' lacks pid") }
    self.init(clusterID: id, profile: ProfileDirectory(path: directory), supervisor: supervisor)
    supervisorMark = json["martlet"]?["start_mark"]?.stringValue
    socketDirectory = json["martlet"]?["socket_directory"]?.stringValue
    controller = json["controller"]?["state"].flatMap(Process.init)
    for (name, set) in json["engines"]?["sets"]?.objectValue ?? [:] {
      for (number, engine) in set["engines"]?.objectValue ?? [:] {
        guard let number = Int(number), let process = Process(engine) else { continue }
        engineSets[name, default: [:]][number] = process
      }
    }
  }
}

extension ClusterRecord.Process {
  fileprivate init?(_ state: JSONValue) {
    guard let pid = state["pid"]?.intValue, pid > 0 else { return nil }
    self.init(pid: pid, log: state["output_file"]?.stringValue ?? "")
  }
}
