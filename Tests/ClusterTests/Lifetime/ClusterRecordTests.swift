import Foundation
import MartletWire
import Testing

@testable import MartletCluster

@Suite struct ClusterRecordTests {
  private let folder: TemporaryFolder
  private let record: ClusterRecord

  init() throws {
    folder = try TemporaryFolder()
    var record = ClusterRecord(clusterID: "c", profile: try folder.profile())
    record.controller = .init(pid: 12, log: "/log/c")
    record.engineSets = ["1": [0: .init(pid: 13, log: "/log/e"), 1: .init(pid: 14, log: "/log/f")]]
    self.record = record
  }

  @Test func survivesTheFile() throws {
    try record.write()
    #expect(try ClusterRecord.read(record.path) == record)
    let attributes = try FileManager.default.attributesOfItem(atPath: record.path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    record.removeFiles()
    #expect(try ClusterRecord.read(record.path) == nil)
    #expect(!FileManager.default.fileExists(atPath: record.pythonPath))
  }

  @Test func hasPythonsKeys() {
    let json = record.json
    #expect(json["cluster"]?["class"] == "ipyparallel.cluster.cluster.Cluster")
    #expect(json["controller"]?["class"] == "local")
    #expect(json["controller"]?["state"]?["pid"] == 12)
    #expect(json["engines"]?["sets"]?["1"]?["engines"]?["1"]?["pid"] == 14)
    #expect(json["engines"]?["sets"]?["1"]?["n"] == 2)
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"cluster": {"cluster_id": 3}}"#, #"{"cluster": {"cluster_id": "", "profile_dir": "/"}}"#,
  ])
  func refusesRubbish(text: String) throws {
    let path = try folder.write(text, to: "x.json")
    #expect(throws: OptionError.self) { try ClusterRecord.read(path) }
  }

  @Test func keepsFoldersThatAreNotItsOwn() throws {
    var record = record
    record.socketDirectory = folder.path
    record.removeFiles()
    #expect(FileManager.default.fileExists(atPath: folder.path))
  }

  @Test func knowsWhetherTheSupervisorLives() {
    var record = record
    #expect(record.isAlive)
    #if os(Linux)
      record.supervisorMark = "0"
      #expect(!record.isAlive)
    #endif
    record.supervisor = Int(Int32.max)
    #expect(!record.isAlive)
  }

  @Test func cleansOnlyWhatIsDead() throws {
    try record.write()
    var dead = ClusterRecord(clusterID: "dead", profile: record.profile, supervisor: Int(Int32.max))
    dead.supervisorMark = nil
    try dead.write()
    for file in record.connectionFiles + dead.connectionFiles {
      try file.write(ConnectionInfo(kind: .client, interface: "tcp://127.0.0.1"))
    }
    let catalog = ClusterCatalog(profiles: [record.profile])
    #expect(catalog.clusters == [record, dead])
    let removed = catalog.clean(force: false, staleSockets: [])
    #expect(removed == [dead.path] + dead.connectionFiles.map(\.path))
    #expect(catalog.clusters == [record])
    #expect(record.connectionFiles.filter(\.exists).count == 2)
    #expect(throws: ClusterError.self) { try ClusterCatalog.running("dead", in: record.profile) }
    _ = catalog.clean(force: true, staleSockets: [])
    #expect(catalog.clusters == [])
  }

  @Test func socketFoldersAreShortAndPrivate() throws {
    let directory = try SocketDirectory.make()
    defer { directory.remove() }
    let attributes = try FileManager.default.attributesOfItem(atPath: directory.path)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
    #expect("\(directory.address)-65535".utf8.count <= 107)
    #expect(!SocketDirectory.stale().contains(directory))
  }
}
