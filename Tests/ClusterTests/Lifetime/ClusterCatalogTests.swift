import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletCluster

@Suite struct ClusterCatalogTests {
  private let folder: TemporaryFolder
  private let profile: ProfileDirectory
  private let catalog: ClusterCatalog

  init() throws {
    folder = try TemporaryFolder()
    profile = try folder.profile()
    catalog = ClusterCatalog(profiles: [profile])
  }

  private func files(_ id: String) -> ClusterFiles { ClusterFiles(clusterID: id, profile: profile) }

  private func writeRecord(_ id: String, _ change: (inout ProcessReference) -> Void = { _ in }) throws {
    var record = ClusterRecord(files: files(id))
    change(&record.supervisor)
    try record.write()
    for file in record.files.connections {
      try file.write(ConnectionInfo(kind: .client, interface: "tcp://127.0.0.1"))
    }
  }

  private func paths(_ id: String) -> [String] {
    ([files(id).record, files(id).python] + files(id).connections.map(\.path)).sorted()
  }

  @Test func cleansOnlyWhatIsDead() throws {
    try writeRecord("alive")
    try writeRecord("dead") { $0.pid = Int(Int32.max) }
    try writeRecord("far") { $0.host = HostIdentity(name: "far", machineID: "m", bootID: "b", pidNamespace: "p") }
    #expect(catalog.clusters.map(\.files.clusterID) == ["alive", "dead", "far"])
    #expect(catalog.clusters.map(\.liveness) == [.running, .ended, .unknown(host: "far")])

    let cleaning = catalog.clean()
    #expect(cleaning.removed.filter { $0.hasPrefix(folder.path) }.sorted() == paths("dead"))
    #expect(cleaning.kept.count == 1 && cleaning.kept[0].contains("host far"))
    #expect(catalog.clusters.map(\.files.clusterID) == ["alive", "far"])
    // Looking for a lock must not create one: the new file would look like a free lock.
    #expect(LockFile.state(of: files("far").lock) == .missing)
    #expect(throws: ClusterError.self) { try ClusterCatalog.running("dead", in: profile) }
    #expect(throws: ClusterError.self) { try ClusterCatalog.running("far", in: profile) }
    #expect(try ClusterCatalog.running("far", in: profile, orUnknown: true).host == "far")

    _ = catalog.clean(force: true, clusterID: "far")
    #expect(catalog.clusters.map(\.files.clusterID) == ["alive"])
    _ = catalog.clean(force: true)
    #expect(catalog.clusters == [])
  }

  /// Every kind of damage to every file, with nothing running.
  @Test(arguments: ["", "{", "[]", "{}", "\u{0}\u{0}", "directory"])
  func damagedLeftoversAreReportedAndRemoved(damage: String) throws {
    let all = ClusterFiles(clusterID: "c", profile: profile)
    let targets = [
      all.record, all.lock, all.controllerLock, all.python, all.clientConnection.path, all.engineConnection.path,
      all.engineTable,
    ]
    for target in targets {
      if damage == "directory" {
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
      } else {
        try Data(damage.utf8).write(to: URL(fileURLWithPath: target))
      }
      let cluster = try #require(ClusterCatalog.cluster("c", in: profile))
      #expect(cluster.liveness == .ended && cluster.problems.map(\.path) == [target])
      let error = #expect(throws: ClusterError.self) { try ClusterCatalog.running("c", in: profile) }
      #expect(error?.code == .notRunning && error?.description.contains(target) == true)
      let cleaning = catalog.clean()
      #expect(cleaning.kept == [])
      #expect(cleaning.removed.contains(target))
      #expect(!FileManager.default.fileExists(atPath: target))
      #expect(ClusterCatalog.cluster("c", in: profile) == nil)
    }
  }

  @Test func aDamagedRecordOfARunningClusterStays() throws {
    let files = files("c")
    let lock = try LockFile.acquire(files.lock)
    try lock?.write(.current)
    try Data().write(to: URL(fileURLWithPath: files.record))
    let cluster = try #require(catalog.clusters.first)
    #expect(cluster.liveness == .running && cluster.process == .current && cluster.problems.count == 1)
    #expect(catalog.clean().removed.filter { $0.hasPrefix(folder.path) } == [])
    #expect(FileManager.default.fileExists(atPath: files.record))
    _ = consume lock
  }

  @Test func aRecordOfALaterFormatStaysUnlessItsLockIsFree() throws {
    let files = files("c")
    try folder.write(#"{"martlet": {"format": 1000}}"#, to: "profile_default/pid/martlet-c.json")
    #expect(catalog.clean().kept.count == 1)
    #expect(FileManager.default.fileExists(atPath: files.record))
    do { try LockFile.acquire(files.lock)?.write(.current) }
    // The lock is free, but its process lives in this namespace: the process decides.
    #expect(ClusterCatalog.cluster("c", in: profile)?.liveness == .running)
    var dead = ProcessReference.current
    dead.pid = Int(Int32.max)
    do { try LockFile.acquire(files.lock)?.write(dead) }
    #expect(catalog.clean().removed.contains(files.record))
  }

  @Test func foldersWithContentAreReportedAndStay() throws {
    let path = files("c").record
    try FileManager.default.createDirectory(atPath: "\(path)/x", withIntermediateDirectories: true)
    let cleaning = catalog.clean()
    #expect(cleaning.kept.count == 1 && cleaning.kept[0].contains(path))
    #expect(FileManager.default.fileExists(atPath: "\(path)/x"))
  }

  @Test func unfinishedFilesGoWhenTheyAreOld() throws {
    let old = try folder.write("", to: "profile_default/pid/martlet-c.json.\(UUID().uuidString).tmp")
    let new = try folder.write("", to: "profile_default/security/cluster-c.json.\(UUID().uuidString).tmp")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: old)
    #expect(catalog.clean().removed.filter { $0.hasPrefix(folder.path) } == [old])
    #expect(FileManager.default.fileExists(atPath: new))
  }

  @Test func aRecycledProcessIDIsNoPythonCluster() throws {
    let process = #""class": "local", "state": {"pid": \#(ProcessIdentity.pid)}"#
    let cluster = #"{"cluster": {"cluster_id": "c", "profile_dir": "\#(profile.path)"}, "controller": {\#(process)}}"#
    try folder.write(cluster, to: "profile_default/security/cluster-c.json")
    #expect(catalog.clusters.map(\.liveness) == [.ended])
    #expect(catalog.clusters.map(\.origin) == [.ipyparallel])
    #expect(catalog.clean().removed.contains(files("c").python))
  }

  @Test func pythonClustersOfOtherLaunchersAreUnknown() throws {
    let cluster = #"{"cluster": {"cluster_id": "c", "profile_dir": "/p"}, "controller": {"class": "ssh", "state": {}}}"#
    try folder.write(cluster, to: "profile_default/security/cluster-c.json")
    guard case .unknown = catalog.clusters.first?.liveness else {
      Issue.record("\(String(describing: catalog.clusters.first))")
      return
    }
    #expect(catalog.clean().removed.filter { $0.hasPrefix(folder.path) } == [])
  }

  @Test func aControllerElsewhereIsUnknownByItsConnectionFile() throws {
    var info = ConnectionInfo(kind: .client, interface: "tcp://10.255.255.1")
    info.location = "far"
    info.ports[.registration] = [1]
    try files("c").clientConnection.write(info)
    #expect(catalog.clusters.map(\.liveness) == [.unknown(host: "far")])
    info.location = ProcessIdentity.hostName
    info.interface = "tcp://127.0.0.1"
    try files("c").clientConnection.write(info)
    // Nothing listens there, but --reuse may need the file again.
    #expect(catalog.clusters == [])
    #expect(catalog.clean().removed.filter { $0.hasPrefix(folder.path) } == [])
    #expect(catalog.clean(force: true).removed.contains(files("c").clientConnection.path))
  }

  @Test func selectsAClusterOnTheCommandLine() throws {
    let named = ProfileDirectory(name: "p q")
    #expect(
      ClusterFiles(clusterID: "it's", profile: named).options.shellCommand == #"--profile 'p q' --cluster-id 'it'\''s'"#
    )
    let defaults = ClusterFiles(clusterID: "", profile: ProfileDirectory(name: "default"))
    #expect(defaults.options == [] && defaults.allOptions == ["--profile", "default", "--cluster-id", ""])
    #expect(ClusterFiles(clusterID: "", profile: ProfileDirectory(path: "/x y")).options == ["--profile-dir", "/x y"])
  }
}
