import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletCluster

@Suite struct ClusterRecordTests {
  private let folder: TemporaryFolder
  private let record: ClusterRecord

  init() throws {
    folder = try TemporaryFolder()
    var record = ClusterRecord(files: ClusterFiles(clusterID: "c", profile: try folder.profile()))
    record.controller = .process(.init(pid: 12, log: "/log/c"))
    record.engineSets = ["1": [0: .init(pid: 13, log: "/log/e"), 1: .init(pid: 14, log: "/log/f")]]
    record.engineSets["2"] = [0: .init(pid: 15, log: "/log/g", engines: 4, host: "node1")]
    record.jobs = ["3": .init(system: .slurm, id: "77", log: "/log/h", engines: 8, deleteCommand: ["scancel", "-v"])]
    record.engineSets["4"] = [0: .init(pid: 16, log: "/log/i", container: "martlet-x")]
    record.dockerCommands = [["sudo", "docker"]]
    record.socketDirectory = "/tmp/s"
    var configuration = ClusterConfiguration(profile: record.files.profile, clusterID: "c")
    configuration.controllerLauncher = .ssh(SSHLauncher(hosts: [SSHHost("me@node1", port: 7)]))
    record.controllerHost = ControllerHost(configuration, sockets: "/tmp/s")
    record.restarts = EngineRestartCounts(restarted: 3, waiting: 1, givenUp: 2)
    self.record = record
  }

  @Test func survivesTheFile() throws {
    try record.write()
    #expect(try ClusterRecord.read(record.files) == record)
    let attributes = try FileManager.default.attributesOfItem(atPath: record.files.record)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(record.files.remove(connections: []).removed == [record.files.record, record.files.python])
    #expect(try ClusterRecord.read(record.files) == nil)
  }

  @Test func remembersTheControllersJob() throws {
    var record = record
    let job = ClusterRecord.Job(system: .sge, id: "78", log: "/log/c", engines: 1, deleteCommand: ["qdel"])
    record.controller = .job(job)
    try record.write()
    let read = try #require(try ClusterRecord.read(record.files))
    #expect(read == record && read.controllerJob == job && read.controllerProcess == nil)
    #expect(read.controllerPlace == "job 78 of Grid Engine")
    // As ipyparallel's launchers have it.
    #expect(record.json["controller"]?["class"] == "sge" && record.json["controller"]?["state"]?["job_id"] == "78")
    record.controller = .process(.init(pid: 12, log: "/log/c", host: "node1"))
    try record.write()
    #expect(try ClusterRecord.read(record.files)?.controllerPlace == "process on node1")
  }

  @Test func countsTheEnginesOfAll() {
    #expect(record.engineCount == 15)
    var record = record
    record.remove(set: "3", number: 0)
    record.remove(set: "1", number: 0)
    record.remove(set: "2", number: 0)
    #expect(record.engineCount == 2 && record.jobs.isEmpty && record.engineSets.keys.sorted() == ["1", "4"])
  }

  @Test func hasPythonsKeys() {
    let json = record.json
    #expect(json["cluster"]?["class"] == "ipyparallel.cluster.cluster.Cluster")
    #expect(json["controller"]?["class"] == "local")
    #expect(json["controller"]?["state"]?["pid"] == 12)
    #expect(json["engines"]?["sets"]?["1"]?["engines"]?["1"]?["pid"] == 14)
    #expect(json["engines"]?["sets"]?["1"]?["n"] == 2)
  }

  /// The record's JSON with one member changed or removed.
  private func text(_ path: [String], _ value: JSONValue?) -> String {
    func changed(_ json: JSONValue, _ path: ArraySlice<String>) -> JSONValue {
      guard let key = path.first, var fields = json.objectValue else { return value ?? .null }
      if path.count == 1, value == nil {
        fields[key] = nil
      } else {
        fields[key] = changed(fields[key] ?? .null, path.dropFirst())
      }
      return .object(fields)
    }
    return String(decoding: changed(record.json, path[...]).bytes.array, as: UTF8.self)
  }

  @Test(arguments: [
    ["martlet"], ["martlet", "pid"], ["martlet", "host"], ["martlet", "format"], ["cluster"],
    ["cluster", "cluster_id"],
    ["engines"], ["engines", "sets"], ["engines", "sets", "1", "engines"],
    ["engines", "sets", "1", "engines", "0", "pid"],
    ["controller", "state"], ["controller", "state", "pid"],
  ])
  func refusesMissingMembersAndWrongTypes(path: [String]) throws {
    for value in [nil, "x", .array([]), .bool(true), .double(1.5), .int(-1)] as [JSONValue?] {
      // No version ever wrote a "format" below 1. A host's name may be any text.
      if value == "x", path.last == "host" { continue }
      if value == .int(-1), path.last == "format" { continue }
      try folder.write(text(path, value), to: "profile_default/pid/martlet-c.json")
      let problem = #expect(throws: StateFileProblem.self) { try ClusterRecord.read(record.files) }
      #expect(problem?.path == record.files.record && problem?.isNewer == false)
    }
  }

  @Test func refusesALaterFormat() throws {
    try folder.write(text(["martlet", "format"], 2), to: "profile_default/pid/martlet-c.json")
    let problem = #expect(throws: StateFileProblem.self) { try ClusterRecord.read(record.files) }
    #expect(problem?.isNewer == true)
  }

  @Test func keepsFoldersThatAreNotItsOwn() throws {
    for path in [folder.path, "/tmp/martlet-\(getuid())-x/../\((folder.path as NSString).lastPathComponent)"] {
      record.files.remove(socketDirectory: path, connections: [])
      #expect(FileManager.default.fileExists(atPath: folder.path))
    }
  }

  @Test func tellsProcessesWithTheSameIDApart() {
    var process = ProcessReference.current
    #expect(process.isReachable)
    #if os(Linux)
      process.startTime = "0"
      #expect(!process.isReachable)
    #endif
    process = .current
    process.host.pidNamespace = "pid:[1]"
    #expect(!process.isReachable)
    process = .current
    process.pid = Int(Int32.max)
    #expect(!process.isReachable)
  }
}
